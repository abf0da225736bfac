import { features, routes } from './app.ts';
import { readCommonSettings } from './platform/common-config.ts';
import { loadConfig } from './platform/config.ts';
import { createLogger, exitOnCrash } from './platform/logging.ts';
import { startService } from './platform/service.ts';
import { exitOnSignal } from './platform/shutdown.ts';

const log = createLogger(readCommonSettings(process.env));
exitOnCrash(log);
const config = loadConfig(process.env, features);
log.info('starting');
exitOnSignal(config, log, async () => (await service).stop());
const service = startService(config, log, routes);
