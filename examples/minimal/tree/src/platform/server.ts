import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { answerClientError, Connections } from './connections.ts';
import { type Health, healthRoutes } from './health.ts';
import type { Metrics } from './metrics.ts';
import { HttpProblem, sendError, unavailable } from './problems.ts';
import { observeRequests } from './requests.ts';
import type { Resources } from './resources.ts';
import type { Tracing } from './tracing.ts';

export type Routes = FastifyPluginAsync<Resources>;
type Parts = {
  resources: Resources;
  routes: Routes;
  health: Health;
  log: Logger;
  metrics: Metrics;
  tracing?: Tracing | undefined;
};

/** The public listener: what every route gets without asking for it. */
export async function createServer({ resources, routes, health, log, metrics, tracing }: Parts) {
  const { config } = resources;
  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    bodyLimit: config.bodyLimit,
    // Longer than the idle time-out of any load balancer in front, which would otherwise meet a closing connection.
    keepAliveTimeout: 75_000,
    requestTimeout: config.requestTimeout + 5000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1000, requireHostHeader: false },
    return503OnClosing: false,
    forceCloseConnections: false,
    routerOptions: { maxParamLength: 65_536 },
    rewriteUrl: ({ url = '/' }) => (isDecodable(url) ? url : '/undecodable'),
    clientErrorHandler: answerClientError(log),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendError);
  const connections = new Connections(app.server);

  observeRequests(app, metrics, config.requestTimeout);
  if (tracing) await app.register(tracing.plugin);
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: false,
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    if (health.draining) reply.header('connection', 'close');
  });
  if (config.allowedOrigins.length > 0) {
    await app.register(cors, {
      origin: config.allowedOrigins,
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'],
      exposedHeaders: ['ETag', 'Location', 'Retry-After', 'X-Request-ID'],
      strictPreflight: false,
      maxAge: 600,
    });
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: config.service, version: config.version, license: { name: 'Proprietary' } },
      servers: [{ url: '/' }],
      security: [],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withUsedSchemas(jsonSchemaTransformObject(document)),
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(utf8.decode(body as Buffer)));
    } catch {
      done(new HttpProblem(400, 'The body is not valid JSON.'));
    }
  });

  refuseUnknown(app);
  healthRoutes(app, config, health);
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(
    async (api) => {
      if (config.rateLimit > 0) {
        await api.register(rateLimit, {
          max: config.rateLimit,
          timeWindow: 60_000,
          enableDraftSpec: true,
          onExceeded: () => metrics.rateLimited.inc(),
          errorResponseBuilder: (_request, { ttl }) =>
            new HttpProblem(429, `Too many requests, try again in ${Math.ceil(ttl / 1000)} seconds.`),
        });
      }
      // Not onRequest: the rate limit, which is a hook of each route, comes first.
      api.addHook('preParsing', async (request) => {
        if (!health.available) throw unavailable('The service cannot reach what it depends on.');
        if (Number(request.headers['content-length']) > config.bodyLimit) {
          throw new HttpProblem(413, `The body has more than ${config.bodyLimit} bytes.`);
        }
      });
      await api.register(routes, resources);
    },
    { prefix: '/api' },
  );

  await app.ready();
  return { app, connections };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : randomUUID();
}

/** A path that cannot be decoded names nothing, so the router shall find nothing. */
function isDecodable(url: string): boolean {
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url.split('?')[0] ?? '');
    return true;
  } catch {
    return false;
  }
}

/** Answers 404, or 405 with what is allowed, before anything else of the request is looked at. */
function refuseUnknown(app: FastifyInstance): void {
  const routes = new Map<string, { path: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*') return;
    const path = new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+')}$`);
    const { methods } = routes.get(url) ?? { methods: new Set() };
    routes.set(url, { path, methods });
    for (const name of [method].flat()) methods.add(name);
  });
  app.addHook('onRequest', async ({ is404, method, url }) => {
    if (!is404) return;
    const [pathname = '/'] = url.split('?');
    const allow = [...routes.values()].flatMap(({ path, methods }) => (path.test(pathname) ? [...methods] : []));
    if (allow.length === 0) throw new HttpProblem(404, 'There is nothing here.');
    throw new HttpProblem(405, `${method} is not possible here.`, { headers: { allow: allow.join(', ') } });
  });
}

type Document = { components?: { schemas?: Record<string, unknown> }; paths?: unknown };

/** Each schema comes twice, as input and as output: keep what a path refers to. */
function withUsedSchemas<T extends Document>(document: T): T {
  const paths = JSON.stringify(document.paths);
  const schemas = Object.entries(document.components?.schemas ?? {});
  const used = schemas.filter(([name]) => paths.includes(`"#/components/schemas/${name}"`));
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(used) } };
}
