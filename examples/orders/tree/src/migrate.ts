import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { readCommonSettings } from './platform/common-config.ts';
import { createLogger, exitOnCrash } from './platform/logging.ts';
import { loadMigrationConfig, MIGRATIONS_DIRECTORY, MIGRATIONS_TABLE } from './platform/postgres-config.ts';

/** Any number that no other program takes for its advisory lock. */
const LOCK = 5_216_904_731;
const LOCK_TIMEOUT = '5s';

const log = createLogger(readCommonSettings(process.env));
exitOnCrash(log);
const config = loadMigrationConfig(process.env);

const direction = process.argv[2] ?? 'up';
if (direction !== 'up' && direction !== 'down') {
  log.error(`unknown direction ${direction}: say up or down`);
  process.exit(64);
}
if (direction === 'down' && config.class === 'production') {
  log.error('migrate down is refused in production: write a migration that goes forward');
  process.exit(1);
}

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
  log.info({ direction, migrations: done.map(({ name }) => name) }, `${done.length} migrations run`);
} finally {
  await client.end();
}
