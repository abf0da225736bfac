import { afterEach, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/logging.ts';
import { exitOnSignal } from '../../src/platform/shutdown.ts';
import { environment } from '../support/environment.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  process.removeAllListeners('SIGTERM');
  process.removeAllListeners('SIGINT');
});

it('ends the process when the stop takes longer than its grace', () => {
  vi.useFakeTimers();
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const lines: Record<string, unknown>[] = [];
  const config = loadConfig(environment, []);
  const log = createLogger(config, { write: (line) => void lines.push(JSON.parse(line)) });
  exitOnSignal(config, log, () => new Promise(() => undefined));
  process.emit('SIGTERM', 'SIGTERM');
  vi.advanceTimersByTime(config.shutdownGrace - 1);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(exit).toHaveBeenCalledWith(1);
  expect(lines.at(-1)).toMatchObject({ level: 'error', message: 'stopped before all requests had ended' });
});
