import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Routes } from '../../src/platform/server.ts';
import { metric, startReadyService } from '../support/service.ts';

const slow: Routes = async (app) => {
  app.get('/slow', async () => {
    await sleep(1000);
    return 'done';
  });
};

it('answers requests in flight before it stops, and takes no new ones', async () => {
  const service = await startReadyService({}, slow);
  const { hostname, port } = new URL(service.address);
  const idle = net.connect(Number(port), hostname);
  await once(idle, 'connect');
  const inFlight = fetch(`${service.address}/api/slow`);
  await sleep(200);
  expect(await metric(service.metricsAddress, /http_requests_in_flight/)).toBe(1);
  const stopped = service.stop();
  await sleep(200);
  await expect(fetch(`${service.address}/live`)).rejects.toThrow();
  const response = await inFlight;
  expect([response.status, response.headers.get('connection'), await response.text()]).toEqual([200, 'close', 'done']);
  await Promise.all([stopped, once(idle, 'close')]);
});

it('serves metrics on a listener of their own', async () => {
  const service = await startReadyService({}, slow);
  const status = async (url: string) => (await fetch(url)).status;
  expect(await status(`${service.address}/metrics`)).toBe(404);
  expect(await status(`${service.metricsAddress}/api/slow`)).toBe(404);
  expect(await status(`${service.metricsAddress}/metrics`)).toBe(200);
  await service.stop();
});
