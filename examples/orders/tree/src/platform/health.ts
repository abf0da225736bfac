import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';
import type { Platform } from './resources.ts';
import { within } from './within.ts';

const INTERVAL = 2000;
const CHECK_TIMEOUT = 2000;

/** Something outside of this process that the service talks to. */
export abstract class Dependency {
  abstract readonly name: string;
  /** Whether the service is of no use without it. */
  abstract readonly required: boolean;
  /** Rejects while it cannot be reached. */
  abstract check(): Promise<void>;
  abstract close(): Promise<void>;

  /** What it lacks, once it can be reached, before requests may come. */
  async missing(): Promise<string | undefined> {
    return undefined;
  }
}

type State = { healthy: boolean; ready: boolean; latency: number; reason: string };

/** Watches the dependencies in the background, so that a probe costs nothing. */
export class Health {
  readonly #states = new Map<Dependency, State>();
  readonly #stopped = new AbortController();
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #continuous: boolean;
  #announced = false;
  draining = false;

  constructor(dependencies: readonly Dependency[], { config, log, metrics }: Platform) {
    this.#log = log;
    this.#metrics = metrics;
    this.#continuous = config.readyChecks === 'continuous';
    for (const dependency of dependencies) {
      this.#states.set(dependency, { healthy: false, ready: false, latency: 0, reason: 'not reached yet' });
      metrics.dependencyUp.set({ name: dependency.name }, 0);
    }
  }

  start(): void {
    for (const dependency of this.#states.keys()) void this.#watch(dependency);
    this.#announce();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** The required dependencies that do not answer now. */
  get down(): string[] {
    return [...this.#states].filter(([{ required }, { healthy }]) => required && !healthy).map(([{ name }]) => name);
  }

  ready() {
    const required = [...this.#states].filter(([dependency]) => dependency.required);
    const isReady = ({ ready, healthy }: State) => ready && (healthy || !this.#continuous);
    const ready = !this.draining && required.every(([, state]) => isReady(state));
    return {
      status: ready ? 'ok' : 'unavailable',
      ...(this.draining && { reason: 'shutting down' }),
      checks: Object.fromEntries(
        required.map(([{ name }, state]) => [
          name,
          isReady(state) ? { status: 'ok' } : { status: 'unavailable', reason: state.reason },
        ]),
      ),
    };
  }

  detail() {
    const states = [...this.#states];
    const failed = states.filter(([, { healthy }]) => !healthy);
    const status = failed.some(([{ required }]) => required) ? 'unhealthy' : failed.length > 0 ? 'degraded' : 'healthy';
    return {
      status,
      checks: Object.fromEntries(
        states.map(([{ name }, { healthy, latency }]) => [
          name,
          { status: healthy ? 'healthy' : 'unhealthy', latency_ms: latency },
        ]),
      ),
    };
  }

  async #watch(dependency: Dependency): Promise<void> {
    const { signal } = this.#stopped;
    let pause = 100;
    while (!signal.aborted) {
      const { healthy, ready } = await this.#check(dependency);
      pause = healthy && ready ? INTERVAL : Math.min(pause * 2, INTERVAL / 2);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #check(dependency: Dependency): Promise<State> {
    const before = this.#states.get(dependency);
    const start = performance.now();
    const state: State = { healthy: false, ready: before?.ready ?? false, latency: 0, reason: '' };
    try {
      await within(CHECK_TIMEOUT, dependency.check());
      state.healthy = true;
      if (!state.ready) state.reason = (await within(CHECK_TIMEOUT, dependency.missing())) ?? '';
      state.ready ||= state.reason === '';
      if (before?.healthy === false) this.#log.info({ dependency: dependency.name }, 'dependency is up');
    } catch (err) {
      state.reason = 'does not answer';
      if (before?.healthy !== false || before.latency === 0) {
        this.#log.warn({ err, dependency: dependency.name }, 'dependency is down');
      }
    }
    state.latency = Math.max(0.1, Math.round((performance.now() - start) * 10) / 10);
    this.#states.set(dependency, state);
    this.#metrics.dependencyUp.set({ name: dependency.name }, Number(state.healthy));
    this.#announce();
    return state;
  }

  #announce(): void {
    if (this.#announced || this.ready().status !== 'ok') return;
    this.#announced = true;
    this.#log.info('ready');
    process.send?.('ready');
  }
}

/** The probes. They read what the watch has found. */
export function healthRoutes(app: FastifyInstance, config: Config, health: Health): void {
  app.get('/live', probe, () => ({ status: 'ok' }));
  app.get('/ready', probe, (_request, reply) => {
    const state = health.ready();
    return reply.code(state.status === 'ok' ? 200 : 503).send(state);
  });
  app.get('/health', probe, (_request, reply) => {
    const { status, checks } = health.detail();
    const { service, version } = config;
    return reply
      .code(status === 'unhealthy' ? 503 : 200)
      .send({ status, service, version, uptime_seconds: Math.floor(process.uptime()), checks });
  });
}
const probe = { schema: { hide: true }, config: { probe: true, otel: false } };
