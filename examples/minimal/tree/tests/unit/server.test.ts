import { once } from 'node:events';
import net from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Routes } from '../../src/platform/server.ts';
import { createTestServer } from '../support/server.ts';

const THINGS = '/api/things';
const THING = `${THINGS}/1`;
const json = { 'content-type': 'application/json' };

const things: FastifyPluginAsyncZod = async (app) => {
  const params = z.object({ id: z.string().regex(/^\d+$/) });
  const body = z.strictObject({ name: z.string().min(1) });
  app.get('/things', { schema: { querystring: z.object({ limit: z.literal('1').optional() }) } }, async () => []);
  app.post('/things', { schema: { body } }, async (request) => request.body);
  app.get('/things/:id', { schema: { params } }, async (request) => request.params);
  app.delete('/things/:id', { schema: { params } }, async () => {
    throw new Error('a secret of the driver');
  });
};

let open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.map((app) => app.close()));
  open = [];
});

async function start(overrides: Record<string, string> = {}) {
  const server = await createTestServer({ LOG_LEVEL: 'debug', ...overrides }, things as Routes);
  open.push(server.app);
  return server;
}

/** What a raw connection gets for these bytes, until the server closes it. */
async function exchange(app: FastifyInstance, bytes: string): Promise<string> {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = net.connect((app.server.address() as net.AddressInfo).port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

describe('every answer', () => {
  it('has the headers of an API', async () => {
    const { app } = await start();
    const { headers } = await app.inject('/live');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    for (const name of ['server', 'x-powered-by', 'strict-transport-security'])
      expect(headers).not.toHaveProperty(name);
  });

  it('echoes a request id, or makes one', async () => {
    const { app } = await start();
    const ask = async (id: string) =>
      (await app.inject({ url: '/live', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await ask('a.B-3_')).toBe('a.B-3_');
    for (const bad of ['', 'a b', 'é', 'x'.repeat(129)]) expect(await ask(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('closes its connection once the service drains', async () => {
    const { app, health } = await start();
    health.draining = true;
    expect((await app.inject('/live')).headers.connection).toBe('close');
    expect((await app.inject('/ready')).statusCode).toBe(503);
  });
});

describe('probes', () => {
  it('answer GET and HEAD, and are logged at debug only', async () => {
    const { app, lines, metrics } = await start();
    expect((await app.inject('/live')).json()).toEqual({ status: 'ok' });
    expect((await app.inject({ method: 'HEAD', url: '/ready' })).statusCode).toBe(200);
    expect((await app.inject('/health')).json()).toMatchObject({ status: 'healthy', checks: {} });
    expect(lines.filter(({ message }) => message === 'request').map(({ level }) => level)).toEqual([
      'debug',
      'debug',
      'debug',
    ]);
    expect(await metrics.registry.metrics()).not.toContain('route="/live"');
  });
});

describe('bad requests', () => {
  it.each([
    ['GET', '/nothing', 404],
    ['GET', `${THINGS}/%zz`, 404],
    ['GET', `/${THINGS}`, 404],
    ['GET', `${THINGS}/`, 404],
    ['POST', '/nothing', 404],
    ['GET', `${THINGS}/not-an-id`, 404],
    ['DELETE', `${THINGS}/${'x'.repeat(2000)}`, 404],
    ['GET', `${THINGS}?limit=2`, 422],
    ['GET', `${THINGS}?limit=1&limit=1`, 422],
  ] as const)('%s %s is %i', async (method, url, status) => {
    const { app } = await start();
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ status, request_id: response.headers['x-request-id'] });
  });

  it.each([
    [THINGS, 'PUT', 'GET, HEAD, POST'],
    [`${THINGS}/x`, 'POST', 'DELETE, GET, HEAD'],
    ['/live', 'OPTIONS', 'GET, HEAD'],
  ] as const)('%s does not take %s', async (url, method, allow) => {
    const { app } = await start();
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(405);
    expect(String(response.headers.allow).split(', ').sort().join(', ')).toBe(allow);
  });

  it.each([
    ['a body over the limit, whatever its type', { 'content-type': 'text/plain' }, 'x'.repeat(101), 413],
    ['a body of another type', { 'content-type': 'text/plain' }, '{}', 415],
    ['a body without a type', {}, '{}', 415],
    ['no JSON', json, '{', 400],
    ['an empty body', json, '', 400],
    ['bytes that are not UTF-8', json, Buffer.from('7b226e616d65223a22ff227d', 'hex'), 400],
    ['another type than an object', json, '[]', 422],
    ['an unknown field', json, '{"name":"x","price":1}', 422],
    ['a field of every object', json, '{"name":"x","__proto__":{}}', 422],
    ['another type than text', json, '{"name":1}', 422],
  ])('%s', async (_what, headers, payload, status) => {
    const { app } = await start({ BODY_LIMIT_BYTES: '100' });
    const response = await app.inject({
      method: 'POST',
      url: THINGS,
      headers: headers as Record<string, string>,
      payload,
    });
    expect([response.statusCode, response.json().status]).toEqual([status, status]);
  });

  it('names the fields', async () => {
    const { app } = await start();
    const response = await app.inject({ method: 'POST', url: THINGS, payload: { name: '', colour: 'red' } });
    expect(
      response
        .json()
        .errors.map(({ field }: { field: string }) => field)
        .sort(),
    ).toEqual(['colour', 'name']);
  });
});

it('keeps an unexpected error to itself, and logs it', async () => {
  const { app, lines } = await start();
  const response = await app.inject({ method: 'DELETE', url: THING });
  expect(response.json()).toMatchObject({ status: 500, title: 'Internal Server Error' });
  expect(response.body).not.toContain('driver');
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'error',
      'error.message': 'a secret of the driver',
      request_id: response.json().request_id,
    }),
  );
});

describe('what is hardly HTTP', () => {
  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['too large a header', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['an unknown expectation', 'GET /nothing HTTP/1.1\r\nexpect: x\r\nconnection: close\r\n\r\n', 404],
    ['no host', 'GET /nothing HTTP/1.1\r\nconnection: close\r\n\r\n', 404],
  ])('%s', async (_what, bytes, status) => {
    const { app } = await start();
    const [head = '', body = ''] = (await exchange(app, bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('application/problem+json');
    const id = /x-request-id: (\S+)/i.exec(head)?.[1];
    expect(JSON.parse(body)).toMatchObject({ status, request_id: id });
  });

  it('answers 503 when a body takes too long', async () => {
    const { app } = await start({ REQUEST_TIMEOUT_SECONDS: '1' });
    const head = `POST ${THINGS} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n`;
    expect(await exchange(app, `${head}connection: close\r\n\r\n{`)).toMatch(/^HTTP\/1.1 503 /);
  });
});

describe('the rate limit', () => {
  const ask = (app: FastifyInstance, headers: Record<string, string> = {}) =>
    app.inject({ url: THING, headers }).then(({ statusCode }) => statusCode);

  it('counts each client, but no probes', async () => {
    const { app, metrics } = await start({ RATE_LIMIT_PER_MINUTE: '2' });
    expect([await ask(app), await ask(app), await ask(app)]).toEqual([200, 200, 429]);
    const response = await app.inject(THINGS);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    expect(response.json()).toMatchObject({ status: 429 });
    expect((await app.inject('/live')).statusCode).toBe(200);
    expect(await metrics.registry.metrics()).toContain('rate_limited_total 2');
  });

  it('believes trusted proxies only, and takes an IPv6 network for one client', async () => {
    const { app } = await start({ RATE_LIMIT_PER_MINUTE: '1', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    const via = (addresses: string) => ask(app, { 'x-forwarded-for': addresses });
    expect([await via('2001:db8::1, 10.1.1.1'), await via('2001:db8::2'), await via('2001:db8:0:1::1')]).toEqual([
      200, 429, 200,
    ]);
    expect([await via('1.1.1.1, 9.9.9.9'), await via('2.2.2.2, 9.9.9.9')]).toEqual([200, 429]);
  });

  it('can be switched off', async () => {
    const { app } = await start({ RATE_LIMIT_PER_MINUTE: '0' });
    expect((await app.inject(THING)).headers).not.toHaveProperty('ratelimit-limit');
  });
});

it('lets configured origins read answers', async () => {
  const { app } = await start({ CORS_ALLOWED_ORIGINS: 'https://app.example.com' });
  const from = (origin: string) => app.inject({ url: '/openapi.json', headers: { origin } });
  expect((await from('https://app.example.com')).headers['access-control-allow-origin']).toBe(
    'https://app.example.com',
  );
  expect((await from('https://evil.example.com')).headers).not.toHaveProperty('access-control-allow-origin');
});

it('logs one line for a request, without its query', async () => {
  const { app, lines } = await start();
  await app.inject({ url: `${THINGS}/x?token=secret`, headers: { 'x-request-id': 'abc' } });
  await app.inject('/nothing');
  const [first, second, ...rest] = lines.filter(({ message }) => message === 'request');
  expect(rest).toEqual([]);
  expect(first).toMatchObject({
    level: 'info',
    request_id: 'abc',
    client_address: '127.0.0.1',
    method: 'GET',
    route: `${THINGS}/{id}`,
    path: `${THINGS}/x`,
    status: 404,
  });
  expect(first?.duration_ms).toBeGreaterThan(0);
  expect(second).toMatchObject({ route: 'unmatched', path: '/nothing' });
  expect(JSON.stringify(lines)).not.toContain('secret');
});

it('counts requests by route', async () => {
  const { app, metrics } = await start();
  await app.inject(`${THINGS}/x`);
  await app.inject({ method: 'PROPFIND' as 'GET', url: '/nothing' });
  const text = await metrics.registry.metrics();
  expect(text).toContain(`http_requests_total{method="GET",route="${THINGS}/{id}",status="404"} 1`);
  expect(text).toContain('http_requests_total{method="other",route="unmatched",status="404"} 1');
  expect(text).toContain('http_requests_in_flight 0');
  expect(text).toContain('build_info{version="0.0.0"} 1');
});

it('describes itself', async () => {
  const { app } = await start();
  const document = (await app.inject('/openapi.json')).json();
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual([THINGS, `${THINGS}/{id}`]);
});
