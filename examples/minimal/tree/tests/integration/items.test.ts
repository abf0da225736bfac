import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startReadyService } from '../support/service.ts';

let items: string;
let service: Awaited<ReturnType<typeof startReadyService>>;
beforeAll(async () => {
  service = await startReadyService({ FEATURE_LINK_HEADER: 'true', RATE_LIMIT_PER_MINUTE: '0' });
  items = `${service.address}/api/v1/items`;
});
afterAll(() => service.stop());

type Item = { id: string; name: string; description: string | null; created_at: string; updated_at: string };

async function create(name: string): Promise<Item> {
  const response = await fetch(items, json({ name }));
  expect(response.status).toBe(201);
  return (await response.json()) as Item;
}

async function page(query: string) {
  const response = await fetch(`${items}?${query}`);
  expect(response.status).toBe(200);
  const body = (await response.json()) as { items: Item[]; next_cursor: string | null };
  return { ...body, link: response.headers.get('link') };
}

describe('an item', () => {
  it('is created, read, changed and deleted', async () => {
    const created = await fetch(items, json({ name: '  Ünïcode 😀 ', description: 'text' }));
    const item = (await created.json()) as Item;
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/api/v1/items/${item.id}`);
    expect(item).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: '  Ünïcode 😀 ',
      description: 'text',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: item.created_at,
    });

    const read = await fetch(`${items}/${item.id.toUpperCase()}`);
    expect(await read.json()).toEqual(item);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));

    await sleep(2); // Times are in milliseconds.
    const changed = await fetch(`${items}/${item.id}`, json({ description: null }, 'PATCH'));
    const { updated_at, ...rest } = (await changed.json()) as Item;
    expect(rest).toEqual({ id: item.id, name: item.name, description: null, created_at: item.created_at });
    expect(updated_at > item.updated_at).toBe(true);
    expect(changed.headers.get('etag')).not.toBe(created.headers.get('etag'));

    expect((await fetch(`${items}/${item.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${items}/${item.id}`)).status).toBe(404);
    expect((await fetch(`${items}/${item.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${items}/${item.id}`, json({}, 'PATCH'))).status).toBe(404);
  });

  it('is not sent again to who has it', async () => {
    const { id } = await create('known');
    const etag = (await fetch(`${items}/${id}`)).headers.get('etag') ?? '';
    const response = await fetch(`${items}/${id}`, { headers: { 'if-none-match': etag } });
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
    const head = await fetch(`${items}/${id}`, { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag]);
  });

  it('is not overwritten by who has an old version', async () => {
    const { id } = await create('contended');
    const etag = (await fetch(`${items}/${id}`)).headers.get('etag') ?? '';
    const change = (name: string, match: string) =>
      fetch(`${items}/${id}`, json({ name }, 'PATCH', { 'if-match': match }));
    expect((await change('first', etag)).status).toBe(200);
    expect((await change('second', etag)).status).toBe(412);
    expect((await change('second', '*')).status).toBe(200);
    expect((await fetch(`${items}/${id}`, { method: 'DELETE', headers: { 'if-match': etag } })).status).toBe(412);
    expect(await (await fetch(`${items}/${id}`)).json()).toMatchObject({ name: 'second' });
  });

  it('keeps concurrent changes of different fields', async () => {
    const { id } = await create('both');
    const patch = (change: object) => fetch(`${items}/${id}`, json(change, 'PATCH'));
    await Promise.all([patch({ name: 'new name' }), patch({ description: 'new text' })]);
    expect(await (await fetch(`${items}/${id}`)).json()).toMatchObject({ name: 'new name', description: 'new text' });
  });
});

describe('a list of items', () => {
  it('has each item that was there throughout once, while others write', async () => {
    const created: string[] = [];
    for (let n = 0; n < 25; n += 1) created.push((await create(`page ${n}`)).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { items: found, next_cursor }: Awaited<ReturnType<typeof page>> = await page(
        `limit=10${cursor ? `&cursor=${cursor}` : ''}`,
      );
      seen.push(...found.map(({ id }) => id));
      cursor = next_cursor;
      const victim = created.pop() ?? '';
      await fetch(`${items}/${victim}`, { method: 'DELETE' });
      if (seen.length < 100) await create('meanwhile');
    } while (cursor);
    expect(seen.filter((id) => created.includes(id))).toEqual(created);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(seen.toSorted());
  });

  it.each([
    [100, 200],
    [101, 422],
  ])('of %i items is answered with %i', async (limit, status) => {
    expect((await fetch(`${items}?limit=${limit}`)).status).toBe(status);
  });

  it('ends without a cursor, and links to what follows', async () => {
    for (let n = 0; n < 2; n += 1) await create('linked');
    const first = await page('limit=1');
    expect(first.items).toHaveLength(1);
    expect(first.link).toBe(`<?limit=1&cursor=${first.next_cursor}>; rel="next"`);
    const end = Buffer.from('f'.repeat(32), 'hex').toString('base64url');
    expect(await page(`cursor=${end}`)).toEqual({ items: [], next_cursor: null, link: null });
  });
});
