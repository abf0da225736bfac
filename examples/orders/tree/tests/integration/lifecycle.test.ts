import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { environment } from '../support/environment.ts';
import { eventually } from '../support/service.ts';

type Line = Record<string, unknown>;
let children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

async function freePort(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

/** The service as a process of its own, and the lines that it logs. */
async function run(overrides: Record<string, string> = {}) {
  const [PORT, METRICS_PORT] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    ...environment,
    HOST: '127.0.0.1',
    METRICS_HOST: '127.0.0.1',
    PORT,
    METRICS_PORT,
    ...overrides,
  };
  const child = spawn(process.execPath, ['src/main.ts'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const exit = once(child, 'exit').then(([status]) => status as number);
  const address = `http://127.0.0.1:${PORT}`;
  const ready = () => eventually(() => lines.some(({ message }) => message === 'ready'), 10_000);
  return { child, lines, exit, address, env, ready };
}

const messages = (lines: Line[]) => lines.map(({ message }) => message);

it('does not start on a bad configuration, and says so in one line', async () => {
  const { exit, lines } = await run({ PORT: 'http', LOG_LEVEL: 'debug', SHUTDOWN_GRACE_SECONDS: '5' });
  expect(await exit).toBe(78);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', message: expect.stringContaining('invalid configuration') });
  for (const name of ['PORT', 'SHUTDOWN_GRACE_SECONDS']) expect(lines[0]?.message).toContain(name);
});

it('logs its crash like everything else', async () => {
  const first = await run();
  await first.ready();
  const second = await run({ PORT: first.env.PORT });
  expect(await second.exit).toBe(1);
  expect(second.lines.at(-1)).toMatchObject({
    level: 'error',
    message: 'crashed',
    'error.message': expect.stringContaining('EADDRINUSE'),
  });
});

describe('a signal', () => {
  it('lets requests end and the process with them', async () => {
    const { address, child, exit, lines, ready } = await run({ SHUTDOWN_DELAY_SECONDS: '2' });
    await ready();
    const statuses: unknown[] = [];
    let stop = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!stop) statuses.push(await fetch(`${address}/openapi.json`).then(({ status }) => status, String));
    });
    await sleep(300);
    child.kill('SIGTERM');
    await eventually(async () => (await fetch(`${address}/ready`)).status === 503, 1000);
    const response = await fetch(`${address}/live`);
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    await sleep(500);
    stop = true;
    await Promise.all(clients);
    expect(await exit).toBe(0);
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(messages(lines)).toEqual(
      expect.arrayContaining(['starting', 'listening', 'ready', 'shutting down', 'stopped']),
    );
  });

  it('ends it at once when it comes again', async () => {
    const { child, exit, ready } = await run({ SHUTDOWN_DELAY_SECONDS: '5' });
    await ready();
    child.kill('SIGINT');
    child.kill('SIGINT');
    await sleep(1200);
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    expect(await exit).toBe(130);
  });
});

it('has a health check that is a program of its own', async () => {
  const { address, env, ready, child, exit } = await run();
  await ready();
  const check = async (...args: string[]) => {
    const probe = spawn(process.execPath, ['src/healthcheck.ts', ...args], { env });
    return (await once(probe, 'exit'))[0];
  };
  expect(address).toContain(env.PORT);
  expect([await check(), await check('--ready')]).toEqual([0, 0]);
  child.kill('SIGTERM');
  await exit;
  expect([await check(), await check('--ready')]).toEqual([1, 1]);
});
