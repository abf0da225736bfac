import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Routes } from '../../src/platform/server.ts';
import { environment } from '../support/environment.ts';
import { bodyOf, eventually, json, metric, startReadyService } from '../support/service.ts';

/** Names by id, read through the cache. */
const names = new Map<string, { name: string }>();
const cached: Routes = async (app, { cache }) => {
  app.get<{ Params: { id: string } }>('/names/:id', ({ params: { id } }) =>
    cache.remember(id, async () => names.get(id)),
  );
  app.get<{ Params: { id: string } }>('/slow/:id', ({ params: { id } }) =>
    cache.remember(id, async () => {
      const before = names.get(id);
      await sleep(500);
      return before;
    }),
  );
  app.patch<{ Params: { id: string }; Body: { name: string } }>('/names/:id', async ({ params: { id }, body }) => {
    names.set(id, body);
    await cache.forget(id);
    return body;
  });
};

const LIMITED = { RATE_LIMIT_PER_MINUTE: '100000' };
const redis = createClient({ url: environment.REDIS_URL ?? '' });
let service: Awaited<ReturnType<typeof startReadyService>>;
let other: typeof service;
beforeAll(async () => {
  await redis.connect();
  [service, other] = await Promise.all([startReadyService(LIMITED, cached), startReadyService(LIMITED, cached)]);
  await eventually(async () => (await health()).checks.cache.status === 'healthy');
});
afterAll(async () => {
  await Promise.all([service.stop(), other.stop()]);
  redis.destroy();
});

const health = () =>
  bodyOf<{ status: string; checks: { cache: { status: string } } }>(fetch(`${service.address}/health`));
const patch = (item: string, name: string) => fetch(item, json({ name }, 'PATCH'));

async function create(): Promise<string> {
  const id = randomUUID();
  names.set(id, { name: 'cached' });
  return `${service.address}/api/names/${id}`;
}

async function read(item: string) {
  const response = await fetch(item);
  const body = (await response.json()) as { name: string };
  return [response.headers.get('x-cache'), body.name];
}

it('answers from the cache until somebody writes, on any instance', async () => {
  const item = await create();
  expect(await read(item)).toEqual(['miss', 'cached']);
  expect(await read(item)).toEqual(['hit', 'cached']);
  await patch(item.replace(service.address, other.address), 'changed');
  expect(await read(item)).toEqual(['miss', 'changed']);
  expect(await read(item)).toEqual(['hit', 'changed']);
  expect(await metric(service.metricsAddress, /cache_requests_total\{result="hit"\}/)).toBeGreaterThan(0);
});

it('does not store what was loaded before a write', async () => {
  const item = await create();
  const slow = fetch(item.replace('/names/', '/slow/'));
  await sleep(200);
  await patch(item, 'changed');
  expect(await bodyOf(slow)).toEqual({ name: 'cached' });
  expect(await read(item)).toEqual(['miss', 'changed']);
});

it('counts a client on all instances together', async () => {
  const remaining = async (address: string) =>
    Number((await fetch(`${address}/api/names/x`)).headers.get('ratelimit-remaining'));
  const before = await remaining(service.address);
  expect(await remaining(other.address)).toBe(before - 1);
});

it('neither fails nor delays requests while it hangs, and serves nothing stale afterwards', async () => {
  const item = await create();
  await read(item);
  expect(await read(item)).toEqual(['hit', 'cached']);
  const delays: number[] = [];
  await redis.sendCommand(['CLIENT', 'PAUSE', '4000', 'ALL']);
  for (let n = 0; n < 10; n += 1) {
    const start = performance.now();
    expect((await patch(item, `during ${n}`)).status).toBe(200);
    expect((await read(item))[1]).toBe(`during ${n}`);
    delays.push(performance.now() - start);
  }
  expect(Math.max(...delays)).toBeLessThan(800);
  expect(delays.at(-1)).toBeLessThan(100);
  await eventually(async () => (await health()).status === 'degraded');
  expect((await fetch(`${service.address}/ready`)).status).toBe(200);
  await eventually(async () => (await health()).status === 'healthy', 8000);
  expect((await read(item))[1]).toBe('during 9');
  await eventually(async () => (await read(item))[0] === 'hit');
  expect((await read(item))[1]).toBe('during 9');
}, 40_000);

it('outlives its connection, and forgets what was written meanwhile', async () => {
  const item = await create();
  await read(item);
  expect(await read(item)).toEqual(['hit', 'cached']);
  await redis.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  await patch(item, 'changed');
  expect((await read(item))[1]).toBe('changed');
  await eventually(async () => (await read(item))[0] === 'hit');
  expect((await read(item))[1]).toBe('changed');
});
