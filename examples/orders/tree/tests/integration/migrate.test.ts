import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { environment } from '../support/environment.ts';

async function migrate(args: string[], overrides: Record<string, string> = {}) {
  const env = { ...process.env, ...environment, ...overrides };
  const child = spawn(process.execPath, ['src/migrate.ts', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return {
    status,
    lines: output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  };
}

it('may run twice, and several times at once', async () => {
  const runs = await Promise.all([migrate([]), migrate(['up']), migrate(['up'])]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(runs.flatMap(({ lines }) => lines.flatMap(({ migrations = [] }) => migrations))).toEqual([]);
});

it('does not go back in production', async () => {
  const { status, lines } = await migrate(['down'], { APP_ENV: 'production', DATABASE_TLS: 'disable' });
  expect(status).toBe(1);
  expect(lines.at(-1).message).toContain('refused in production');
});

it('refuses what it does not know', async () => {
  expect((await migrate(['sideways'])).status).toBe(64);
  const { status, lines } = await migrate(['up'], { DATABASE_URL: '', MIGRATION_DATABASE_URL: '' });
  expect([status, lines.length]).toEqual([78, 1]);
  expect(lines[0].message).toContain('DATABASE_URL is required');
});

it('tells why it failed', async () => {
  const { protocol } = new URL(environment.DATABASE_URL ?? '');
  const { status, lines } = await migrate(['up'], { MIGRATION_DATABASE_URL: `${protocol}//nobody:x@localhost:1/x` });
  expect(status).toBe(1);
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    message: 'crashed',
    'error.message': expect.stringContaining('ECONNREFUSED'),
  });
}, 30_000);
