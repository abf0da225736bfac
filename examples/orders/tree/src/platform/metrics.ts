import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames, registers });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to the end of its response.',
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10],
    registers,
  });
  new Gauge({ name: 'build_info', help: 'What is running.', labelNames: ['version'], registers }).set({ version }, 1);
  return {
    registry,
    inFlight: new Gauge({ name: 'http_requests_in_flight', help: 'Requests being answered.', registers }),
    rateLimited: new Counter({ name: 'rate_limited_total', help: 'Requests answered 429.', registers }),
    dependencyUp: new Gauge({
      name: 'dependency_up',
      help: 'Whether the last check of a dependency succeeded.',
      labelNames: ['name'],
      registers,
    }),
    observe(verb: string, route: string, status: number, seconds: number) {
      const labels = { method: METHODS.has(verb) ? verb : 'other', route, status };
      requests.inc(labels);
      durations.observe(labels, seconds);
    },
  };
}

/** The private listener. */
export function createMetricsServer({ registry }: Metrics): Server {
  return createServer(async (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(request.method === 'HEAD' ? '' : text);
  });
}
