import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { startReadyService } from '../support/service.ts';

it('traces requests, but no probes, when a collector is configured', async () => {
  const received: Buffer[] = [];
  const collector = createServer(async (request, response) => {
    for await (const chunk of request) received.push(chunk);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  // The exporter reads it for itself.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
  const { address, lines, stop } = await startReadyService({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, async (app) => {
    app.get('/things/:id', async ({ log }) => log.info('in between'));
  });

  const trace = '0af7651916cd43dd8448eb211c80319c';
  await fetch(`${address}/api/things/1?secret=1`, { headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } });
  const unsampled = '1af7651916cd43dd8448eb211c80319c';
  await fetch(`${address}/api/things/1`, { headers: { traceparent: `00-${unsampled}-b7ad6b7169203331-00` } });
  await stop();
  collector.close();

  const ofRequest = lines.filter(({ trace_id }) => trace_id === trace);
  expect(ofRequest.map(({ message }) => message)).toEqual(['in between', 'request']);
  expect(ofRequest[0]?.span_id).toMatch(/^[0-9a-f]{16}$/);
  const sent = Buffer.concat(received);
  expect(sent.includes(Buffer.from(trace, 'hex'))).toBe(true);
  expect(sent.includes('GET /api/things/{id}')).toBe(true);
  for (const absent of [Buffer.from(unsampled, 'hex'), '/ready', 'secret']) expect(sent.includes(absent)).toBe(false);
});
