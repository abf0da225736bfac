import type { FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { cursorSchema, encodeCursor } from '../../src/items/cursor.ts';
import { expectedVersions, isKnown } from '../../src/items/entity-tag.ts';
import type { Item } from '../../src/items/item.ts';

const item = { version: 3 } as Item;
const request = (headers: FastifyRequest['headers']) => ({ headers }) as FastifyRequest;

it.each([
  ['"3"', true],
  ['W/"3"', true],
  ['"1", "3"', true],
  ['*', true],
  ['"4"', false],
  ['3', false],
  [undefined, false],
])('If-None-Match: %s', (header, known) => {
  expect(isKnown(request({ 'if-none-match': header }), item)).toBe(known);
});

it.each([
  [undefined, undefined],
  ['*', undefined],
  ['"3"', [3]],
  ['"1", "3"', [1, 3]],
  ['W/"3"', []],
  ['"x"', []],
])('If-Match: %s', (header, versions) => {
  expect(expectedVersions(request({ 'if-match': header }))).toEqual(versions);
});

it('makes a cursor of an id and back', () => {
  const id = '01a1fdab-0c65-75cf-bf72-b8bb6e10e114';
  expect(encodeCursor(id)).toMatch(/^[\w-]{22}$/);
  expect(cursorSchema.parse(encodeCursor(id))).toBe(id);
  for (const bad of ['', 'x', `${encodeCursor(id)}A`, encodeCursor(id).replace(/.$/, 'B')]) {
    expect(cursorSchema.safeParse(bad).success).toBe(false);
  }
});
