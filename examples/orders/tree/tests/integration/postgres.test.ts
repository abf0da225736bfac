import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Routes } from '../../src/platform/server.ts';
import { environment } from '../support/environment.ts';
import { secretFile } from '../support/secret-file.ts';
import { bodyOf, eventually, metric, startReadyService, startTestService } from '../support/service.ts';

const url = environment.DATABASE_URL ?? '';
const database = new pg.Client(url);
beforeAll(() => database.connect());
afterAll(() => database.end());

type Service = Awaited<ReturnType<typeof startTestService>>;
let running: Service[] = [];
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
});

async function start(overrides: Record<string, string>): Promise<Service> {
  const service = await startReadyService(overrides, slow);
  running.push(service);
  return service;
}

const slow: Routes = async (app, { database }) => {
  app.get('/now', () => database.query('SELECT now()'));
  app.get('/slow', () => database.query('SELECT pg_sleep(3)'));
  app.get('/wrong', () => database.query('SELECT 1/0'));
  app.get('/late', ({ deadline }) =>
    database.transaction(deadline, async (transaction) => {
      await transaction.query(`SELECT pg_notify('committed', '')`);
      for (let n = 0; n < 2; n += 1) {
        await sleep(800);
        await transaction.query('SELECT 1');
      }
    }),
  );
};

it('gives up a statement before its request times out', async () => {
  const service = await start({ REQUEST_TIMEOUT_SECONDS: '1' });
  const response = await fetch(`${service.address}/api/slow`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await bodyOf(response)).toMatchObject({ detail: 'The database does not answer.' });
  expect((await fetch(`${service.address}/api/now`)).status).toBe(200);
});

it('rolls a transaction back whose request is over', async () => {
  let committed = 0;
  database.on('notification', () => {
    committed += 1;
  });
  await database.query('LISTEN committed');
  const service = await start({ REQUEST_TIMEOUT_SECONDS: '1' });
  const late = () => fetch(`${service.address}/api/late`);
  expect(await bodyOf(late())).toMatchObject({ status: 503, detail: 'The request took too long.' });
  await sleep(1000);
  await database.query('SELECT 1');
  expect(committed).toBe(0);
  const patient = await start({});
  expect((await fetch(`${patient.address}/api/late`)).status).toBe(200);
  await eventually(() => committed === 1);
});

it('does not take a mistake in a statement for an outage', async () => {
  const service = await start({});
  expect((await fetch(`${service.address}/api/wrong`)).status).toBe(500);
});

it('does not let requests queue for a connection without end', async () => {
  const service = await start({ DATABASE_POOL_MAX: '1' });
  const first = fetch(`${service.address}/api/slow`);
  await eventually(async () => (await metric(service.metricsAddress, /db_pool_connections\{state="used"\}/)) === 1);
  const begin = performance.now();
  expect((await fetch(`${service.address}/api/now`)).status).toBe(503);
  expect(performance.now() - begin).toBeLessThan(2900);
  expect((await first).status).toBe(200);
});

it('outlives its connections', async () => {
  const service = await start({});
  await database.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()',
  );
  await eventually(async () => (await fetch(`${service.address}/api/now`)).status === 200);
  expect(await metric(service.metricsAddress, /dependency_up\{name="database"\}/)).toBe(1);
});

it('answers 503 until it can connect, and reads a rotated secret', async () => {
  const wrong = new URL(url);
  wrong.password = 'not-the-password';
  const file = secretFile(wrong.href);
  const service = await startTestService({ DATABASE_URL: '', DATABASE_URL_FILE: file }, slow);
  running.push(service);
  expect((await fetch(`${service.address}/live`)).status).toBe(200);
  expect((await fetch(`${service.address}/ready`)).status).toBe(503);
  const response = await fetch(`${service.address}/api/now`);
  expect([response.status, response.headers.has('retry-after')]).toEqual([503, true]);
  expect((await fetch(`${service.address}/api/nothing`)).status).toBe(404);
  expect((await fetch(`${service.address}/health`)).status).toBe(503);
  writeFileSync(file, url);
  await eventually(async () => (await fetch(`${service.address}/api/now`)).ok);
  expect((await fetch(`${service.address}/ready`)).status).toBe(200);
  expect(JSON.stringify(service.lines)).not.toContain('not-the-password');
});

it('is not ready on a schema that is older than the code', async () => {
  const elsewhere = new URL(url);
  elsewhere.pathname = '/postgres';
  const service = await startTestService({ DATABASE_URL: elsewhere.href });
  running.push(service);
  await eventually(async () => (await fetch(`${service.address}/health`)).ok);
  const response = await fetch(`${service.address}/ready`);
  expect(response.status).toBe(503);
  const { checks } = await bodyOf<{ checks: { database: { reason: string } } }>(response);
  expect(checks.database.reason).toMatch(/^the schema lacks migration \d+_/);
});
