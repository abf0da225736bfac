import { expect, it } from 'vitest';
import { createLogger } from '../../src/platform/logging.ts';

const settings = { service: 'example', version: '1.2.3', environment: 'staging', logLevel: 'info' } as const;

function logged(write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  write(createLogger(settings, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

it('writes one object a line', () => {
  const [line, ...rest] = logged((log) => {
    log.debug('not shown');
    log.info({ status: 200 }, 'request');
  });
  expect(rest).toEqual([]);
  expect(line).toMatchObject({
    level: 'info',
    message: 'request',
    service: 'example',
    version: '1.2.3',
    env: 'staging',
    status: 200,
  });
  expect(new Date(line.timestamp).toISOString()).toBe(line.timestamp);
});

it('tells an error and its cause', () => {
  const cause = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  const [line, bare, odd] = logged((log) => {
    log.error({ err: new TypeError('no', { cause }) }, 'failed');
    log.error({ err: cause }, 'failed');
    log.error({ err: 'text' }, 'failed');
  });
  expect(line).toMatchObject({ level: 'error', message: 'failed', 'error.type': 'TypeError', 'error.message': 'no' });
  expect(line['error.stack']).toMatch(/TypeError: no\n(.*\n)+caused by: AggregateError/);
  expect(bare['error.message']).toBe('ECONNREFUSED');
  expect(odd['error.message']).toBe('text');
});
