import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from './metrics.ts';
import { HttpProblem, unavailable } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Probes are neither limited, counted nor traced, and logged at debug only. */
    probe?: boolean;
  }
  interface FastifyRequest {
    /** Aborts when the request was answered 503 because it took too long. */
    deadline: AbortSignal;
  }
}

/** For each request: its id in the answer, a deadline, one access line and one observation. */
export function observeRequests(app: FastifyInstance, metrics: Metrics, timeout: number): void {
  app.decorateRequest('deadline');
  app.addHook('onRequest', async (request, reply) => {
    // Node forgets the address of a client that has gone: capture it, and serve nobody who is not there any more.
    const { ip } = request;
    if (ip === undefined) throw new HttpProblem(400, 'The client has gone.');
    reply.header('x-request-id', request.id);
    const { probe = false } = request.routeOptions.config;
    if (!probe) metrics.inFlight.inc();

    // Fastify's own handlerTimeout ends with the body of the request, before the handler has begun.
    const deadline = new AbortController();
    request.deadline = deadline.signal;
    const timer = setTimeout(() => {
      const error = unavailable('The request took too long.');
      deadline.abort(error);
      if (reply.raw.headersSent) reply.raw.destroy();
      else reply.send(error);
    }, timeout);

    reply.raw.once('close', () => {
      clearTimeout(timer);
      if (!probe) metrics.inFlight.dec();
      logRequest(request, reply, ip, metrics);
    });
  });
}

function logRequest(request: FastifyRequest, reply: FastifyReply, ip: string, metrics: Metrics): void {
  const { probe = false } = request.routeOptions.config;
  // 499, as nginx has it: the client went away.
  const status = reply.raw.writableEnded ? reply.raw.statusCode : 499;
  const route = routePattern(request);
  const { method, originalUrl } = request;
  const duration_ms = Math.round(reply.elapsedTime * 100) / 100;
  if (!probe) metrics.observe(method, route, status, duration_ms / 1000);
  const client_address = ip.replace(/^::ffff:(?=[\d.]+$)/, '');
  const path = originalUrl.split('?')[0];
  request.log[probe ? 'debug' : 'info']({ client_address, method, route, path, status, duration_ms }, 'request');
}

/** The pattern as OpenAPI writes it: few values, whatever people ask for. */
export function routePattern({ is404, routeOptions }: FastifyRequest): string {
  const { url } = routeOptions;
  return is404 || url === undefined || url === '*' ? 'unmatched' : url.replace(/:(\w+)/g, '{$1}');
}
