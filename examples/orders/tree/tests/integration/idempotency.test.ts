import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { json, startReadyService } from '../support/service.ts';
import { StoredItems } from '../support/stored-items.ts';

let service: Awaited<ReturnType<typeof startReadyService>>;
const stored = new StoredItems();
beforeAll(async () => {
  await stored.connect();
  service = await startReadyService();
});
afterAll(async () => {
  await service.stop();
  await stored.close();
});

const post = (key: string, name: string, description?: string) =>
  fetch(`${service.address}/api/v1/items`, json({ name, description }, 'POST', { 'idempotency-key': key }));

it('gives a retry the first answer, and creates nothing again', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  const first = await post(key, name);
  const retry = await post(key, name);
  expect([first.status, retry.status]).toEqual([201, 201]);
  expect(await retry.text()).toBe(await first.text());
  for (const header of ['location', 'etag']) expect(retry.headers.get(header)).toBe(first.headers.get(header));
  expect(await stored.count(name)).toBe(1);
});

it('refuses another body, and a key that is too long', async () => {
  const key = randomUUID();
  await post(key, 'one');
  const other = await post(key, 'two');
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  expect((await post(key, 'one', 'described')).status).toBe(422);
  expect((await post('x'.repeat(256), 'one')).status).toBe(422);
});

it('creates one item of concurrent requests', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await post(key, name)).status));
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  expect(statuses).toContain(201);
  expect(await stored.count(name)).toBe(1);
});

it('answers 409 while the first request runs', async () => {
  const key = randomUUID();
  const release = await stored.holdKey(key);
  expect((await post(key, 'locked')).status).toBe(409);
  await release();
  expect((await post(key, 'locked')).status).toBe(201);
});

it('forgets a key after a day', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  await post(key, name);
  await stored.ageKey(key);
  expect((await post(key, `${name} again`)).status).toBe(201);
});
