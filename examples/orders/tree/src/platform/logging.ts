import { type DestinationStream, type Logger, pino } from 'pino';

import type { commonSettings } from './common-config.ts';
import { ConfigurationError, EXIT_CONFIGURATION } from './environment.ts';

type Settings = Pick<ReturnType<typeof commonSettings>, 'service' | 'version' | 'environment' | 'logLevel'>;

/** One JSON object a line, with the same field names in all services. */
export function createLogger(
  settings: Settings,
  destination: DestinationStream = pino.destination({ sync: true }),
): Logger {
  return pino(
    {
      level: settings.logLevel,
      messageKey: 'message',
      base: { service: settings.service, version: settings.version, env: settings.environment },
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: {
        level: (level) => ({ level }),
        log: ({ err, ...fields }) => (err === undefined ? fields : { ...fields, ...describeError(err) }),
      },
    },
    destination,
  );
}

function describeError(thrown: unknown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code } = error as NodeJS.ErrnoException;
  return {
    'error.type': error.constructor.name,
    // An AggregateError, such as a refused connection to localhost, has no message of its own.
    'error.message': error.message || code,
    'error.stack': error.cause instanceof Error ? `${error.stack}\ncaused by: ${error.cause.stack}` : error.stack,
  };
}

/** A crash leaves one line in the shape of all others, and an exit status. */
export function exitOnCrash(log: Logger): void {
  const crash = (err: unknown) => {
    log.error({ err }, err instanceof ConfigurationError ? err.message : 'crashed');
    process.exit(err instanceof ConfigurationError ? EXIT_CONFIGURATION : 1);
  };
  for (const event of ['uncaughtException', 'unhandledRejection', 'warning']) process.removeAllListeners(event);
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  process.on('warning', (err) => log.warn({ err }, 'warning of the runtime'));
}
