import { readCommonSettings } from './platform/common-config.ts';
import { loadMigrationConfig } from './platform/database-config.ts';
import { createLogger, exitOnCrash } from './platform/logging.ts';
import { runMigrations } from './platform/migrations.ts';

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

const migrations = await runMigrations(config, direction, log);
log.info({ direction, migrations }, `${migrations.length} migrations run`);
