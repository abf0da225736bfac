import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';
import { Database } from './postgres.ts';
import { Cache } from './redis.ts';

export type Platform = { config: Config; log: Logger; metrics: Metrics };
export type Resources = ReturnType<typeof createResources>;

/** What routes may use. Whatever of it is a Dependency is watched, and closed in the end. */
export const createResources = (platform: Platform) => ({
  config: platform.config,
  cache: new Cache(platform),
  database: new Database(platform),
});
