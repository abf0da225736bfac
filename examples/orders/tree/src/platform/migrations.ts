import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Logger } from 'pino';
import type { MigrationConfig } from './database-config.ts';
import { MIGRATIONS_TABLE } from './postgres.ts';
import { MIGRATIONS_DIRECTORY } from './schema.ts';

/** Any number that no other program takes for its advisory lock. */
const LOCK = 5_216_904_731;
const LOCK_TIMEOUT = '5s';

/** Runs what has not been run, or takes the newest back; tells the names. */
export async function runMigrations(config: MigrationConfig, direction: 'up' | 'down', log: Logger) {
  const client = new pg.Client({
    ...config.database.connection('MIGRATION_DATABASE_URL'),
    application_name: `${config.service}-migrate`,
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    // Others wait here as long as it takes. The lock belongs to the session: it goes when this process dies.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    // A migration that waits for a busy table would make every query behind it wait too: better fail and run again.
    await client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
    const done = await runner({
      dbClient: client,
      dir: MIGRATIONS_DIRECTORY,
      migrationsTable: MIGRATIONS_TABLE,
      direction,
      ...(direction === 'down' && { count: 1 }),
      noLock: true,
      logger: {
        debug: (message) => log.debug(message),
        info: (message) => log.debug(message),
        warn: (message) => log.warn(message),
        error: (message) => log.error(message),
      },
    });
    return done.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
