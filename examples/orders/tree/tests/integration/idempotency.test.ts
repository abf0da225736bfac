import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { environment } from '../support/environment.ts';
import { json, startReadyService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof startReadyService>>;
const database = new pg.Client(environment.DATABASE_URL);
beforeAll(async () => {
  await database.connect();
  service = await startReadyService();
});
afterAll(async () => {
  await service.stop();
  await database.end();
});

const post = (key: string, name: string) =>
  fetch(`${service.address}/api/v1/items`, json({ name }, 'POST', { 'idempotency-key': key }));

const count = async (name: string) =>
  (await database.query('SELECT count(*)::int AS count FROM items WHERE name = $1', [name])).rows[0].count;

it('gives a retry the first answer, and creates nothing again', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  const first = await post(key, name);
  const retry = await post(key, name);
  expect([first.status, retry.status]).toEqual([201, 201]);
  expect(await retry.text()).toBe(await first.text());
  for (const header of ['location', 'etag']) expect(retry.headers.get(header)).toBe(first.headers.get(header));
  expect(await count(name)).toBe(1);
});

it('refuses another body, and a key that is too long', async () => {
  const key = randomUUID();
  await post(key, 'one');
  const other = await post(key, 'two');
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  expect((await post('x'.repeat(256), 'one')).status).toBe(422);
});

it('creates one item of concurrent requests', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await post(key, name)).status));
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  expect(statuses).toContain(201);
  expect(await count(name)).toBe(1);
});

it('answers 409 while the first request runs', async () => {
  const key = randomUUID();
  await database.query('BEGIN');
  await database.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
  expect((await post(key, 'locked')).status).toBe(409);
  await database.query('ROLLBACK');
  expect((await post(key, 'locked')).status).toBe(201);
});

it('forgets a key after a day', async () => {
  const [key, name] = [randomUUID(), randomUUID()];
  await post(key, name);
  await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = $1`, [key]);
  expect((await post(key, `${name} again`)).status).toBe(201);
  await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = $1`, [key]);
  await post(randomUUID(), 'cleans up');
  expect((await database.query('SELECT 1 FROM idempotency_keys WHERE key = $1', [key])).rowCount).toBe(0);
});
