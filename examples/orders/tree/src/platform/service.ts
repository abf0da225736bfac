import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { Dependency, Health } from './health.ts';
import { createMetrics, createMetricsServer } from './metrics.ts';
import { createResources } from './resources.ts';
import { createServer, type Routes } from './server.ts';
import { within } from './within.ts';

/** What pools and exporters get to flush and close. */
const CLOSE_TIMEOUT = 3000;

export async function startService(config: Config, log: Logger, routes: Routes) {
  const tracing = config.tracing ? (await import('./tracing.ts')).startTracing(config) : undefined;
  const metrics = createMetrics(config.version);
  const resources = createResources({ config, log, metrics });
  const dependencies = Object.values(resources).filter((resource) => resource instanceof Dependency);
  const health = new Health(dependencies, { config, log, metrics });
  const { app, connections } = await createServer({ resources, routes, health, log, metrics, tracing });
  const metricsServer = createMetricsServer(metrics);
  const address = await listen(app.server, config.host, config.port);
  const metricsAddress = await listen(metricsServer, config.metricsHost, config.metricsPort);
  log.info({ address, metrics_address: metricsAddress }, 'listening');
  health.start();

  return {
    address,
    metricsAddress,
    /** Fails no request: those under way are answered, and those that still come during the delay. */
    async stop(): Promise<void> {
      health.draining = true;
      await sleep(config.shutdownDelay);
      await connections.drain();
      health.stop();
      metricsServer.close();
      metricsServer.closeAllConnections();
      const closed = [...dependencies, tracing].map((part) => part?.close());
      await within(CLOSE_TIMEOUT, Promise.allSettled(closed)).catch((err) => log.warn({ err }, 'closed by force'));
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  await once(server.listen(port, host), 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound ? `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}` : '';
}
