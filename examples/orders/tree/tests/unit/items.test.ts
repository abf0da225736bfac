import { expect, it } from 'vitest';
import { changesSchema, createdAt, newItemSchema } from '../../src/items/item.ts';

it.each([
  [{}],
  [{ name: '' }],
  [{ name: 1 }],
  [{ name: null }],
  [{ name: 'x'.repeat(201) }],
  [{ name: 'a\0b' }],
  [{ name: '\ud800' }],
  [{ name: 'x', description: 'x'.repeat(2001) }],
  [{ name: 'x', price: 1 }],
  [[]],
  [null],
])('%j is no item', (body) => {
  expect(newItemSchema.safeParse(body).success).toBe(false);
});

it('counts code points', () => {
  expect(newItemSchema.parse({ name: '😀'.repeat(200) }).description).toBeNull();
  expect(newItemSchema.safeParse({ name: '😀'.repeat(201) }).success).toBe(false);
});

it('takes any of the fields as a change', () => {
  expect(changesSchema.parse({})).toEqual({});
  expect(changesSchema.parse({ description: null })).toEqual({ description: null });
  expect(changesSchema.safeParse({ name: null }).success).toBe(false);
});

it('dates an item by its id', () => {
  expect(createdAt('01a1fdab-0c65-75cf-bf72-b8bb6e10e114').toISOString()).toBe('2026-11-21T10:33:27.909Z');
});
