import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import type { Platform } from './resources.ts';
import { within } from './within.ts';

const INTERVAL = 2000;
const CHECK_TIMEOUT = 2000;

/** Something outside of this process that the service talks to, and what the watch has found of it. */
export abstract class Dependency {
  abstract readonly name: string;
  /** Whether the service is of no use without it. */
  abstract readonly required: boolean;
  /** Answers now. */
  healthy = false;
  /** Has answered once, and lacked nothing. */
  ready = false;
  reason = 'has not answered yet';
  latency = 0;

  /** Rejects while it cannot be reached. */
  abstract check(): Promise<void>;
  abstract close(): Promise<void>;

  /** What it lacks, once it can be reached, before requests may come. */
  async missing(): Promise<string | undefined> {
    return undefined;
  }
}

/** Watches the dependencies in the background, so that a probe costs nothing. */
export class Health {
  draining = false;
  readonly #dependencies: readonly Dependency[];
  readonly #required: readonly Dependency[];
  readonly #platform: Platform;
  readonly #stopped = new AbortController();
  #announced = false;

  constructor(dependencies: readonly Dependency[], platform: Platform) {
    this.#dependencies = dependencies;
    this.#required = dependencies.filter(({ required }) => required);
    this.#platform = platform;
  }

  start(): void {
    for (const dependency of this.#dependencies) void this.#watch(dependency);
    this.#announce();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Whether requests can be served now. */
  get available(): boolean {
    return this.#required.every(({ healthy, ready }) => healthy && ready);
  }

  /** Whether requests shall be sent here: a blip of what all instances share does not change it. */
  ready() {
    const continuous = this.#platform.config.readyChecks === 'continuous';
    const isReady = ({ healthy, ready }: Dependency) => ready && (healthy || !continuous);
    const check = (dependency: Dependency) =>
      isReady(dependency) ? { status: 'ok' } : { status: 'unavailable', reason: dependency.reason };
    return {
      status: !this.draining && this.#required.every(isReady) ? 'ok' : 'unavailable',
      ...(this.draining && { reason: 'shutting down' }),
      checks: Object.fromEntries(this.#required.map((dependency) => [dependency.name, check(dependency)])),
    };
  }

  detail() {
    const allHealthy = (dependencies: readonly Dependency[]) => dependencies.every(({ healthy }) => healthy);
    const degraded = allHealthy(this.#required) ? 'degraded' : 'unhealthy';
    const checks = this.#dependencies.map(({ name, healthy, latency }) => [
      name,
      { status: healthy ? 'healthy' : 'unhealthy', latency_ms: latency },
    ]);
    return { status: allHealthy(this.#dependencies) ? 'healthy' : degraded, checks: Object.fromEntries(checks) };
  }

  async #watch(dependency: Dependency): Promise<void> {
    const { signal } = this.#stopped;
    for (let pause = 100; !signal.aborted; pause = Math.min(pause * 2, INTERVAL / 2)) {
      await this.#check(dependency);
      if (dependency.healthy && dependency.ready) pause = INTERVAL;
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #check(dependency: Dependency): Promise<void> {
    const { healthy, latency, name, ready } = dependency;
    const { log, metrics } = this.#platform;
    const start = performance.now();
    try {
      await within(CHECK_TIMEOUT, dependency.check());
      const lack = ready ? undefined : await within(CHECK_TIMEOUT, dependency.missing());
      Object.assign(dependency, { healthy: true, ready: lack === undefined, reason: lack });
      if (!healthy) log.info({ dependency: name }, 'dependency is up');
    } catch (err) {
      Object.assign(dependency, { healthy: false, reason: 'does not answer' });
      if (healthy || latency === 0) log.warn({ err, dependency: name }, 'dependency is down');
    }
    dependency.latency = Math.max(0.1, Math.round((performance.now() - start) * 10) / 10);
    metrics.dependencyUp.set({ name }, Number(dependency.healthy));
    this.#announce();
  }

  #announce(): void {
    if (this.#announced || this.ready().status !== 'ok') return;
    this.#announced = true;
    this.#platform.log.info('ready');
    process.send?.('ready');
  }
}

const probe = { schema: { hide: true }, config: { probe: true, otel: false } };

/** The probes read what the watch has found. */
export function healthRoutes(app: FastifyInstance, { service, version }: Config, health: Health): void {
  app.get('/live', probe, () => ({ status: 'ok' }));
  app.get('/ready', probe, (_request, reply) => {
    const state = health.ready();
    return reply.code(state.status === 'ok' ? 200 : 503).send(state);
  });
  app.get('/health', probe, (_request, reply) => {
    const { status, checks } = health.detail();
    const uptime_seconds = Math.floor(process.uptime());
    return reply.code(status === 'unhealthy' ? 503 : 200).send({ status, service, version, uptime_seconds, checks });
  });
}
