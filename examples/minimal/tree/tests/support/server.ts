import { features, routes } from '../../src/app.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { Health } from '../../src/platform/health.ts';
import { createLogger } from '../../src/platform/logging.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createResources } from '../../src/platform/resources.ts';
import { createServer } from '../../src/platform/server.ts';
import { environment } from './environment.ts';

/** The public listener alone: nothing is connected to, and nothing is found to be down. */
export async function createTestServer(overrides: Record<string, string> = {}, its = routes) {
  const lines: Record<string, unknown>[] = [];
  const config = loadConfig({ ...environment, ...overrides }, features);
  const log = createLogger(config, { write: (line) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics(config.version);
  const platform = { config, log, metrics };
  const health = new Health([], platform);
  const { app } = await createServer({ resources: createResources(platform), routes: its, health, log, metrics });
  return { app, health, lines, metrics };
}
