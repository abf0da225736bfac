import { constants } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

/** SIGTERM and SIGINT stop the service; a second one, or too long a stop, ends the process at once. */
export function exitOnSignal({ shutdownGrace }: Config, log: Logger, stop: () => Promise<void>): void {
  let since: number | undefined;

  const onSignal = async (signal: 'SIGTERM' | 'SIGINT') => {
    if (since !== undefined) {
      // Ctrl-C under npm signals twice at once, which is meant as one.
      if (performance.now() - since > 1000) process.exit(128 + constants.signals[signal]);
      return;
    }
    since = performance.now();
    log.info({ signal }, 'shutting down');
    setTimeout(() => {
      log.error('stopped before all requests had ended');
      process.exit(1);
    }, shutdownGrace);
    await stop();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
