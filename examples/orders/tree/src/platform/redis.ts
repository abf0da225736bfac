import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { Counter } from '@prometheus-io/client';
import { createClient, type RedisClientType } from '@redis/client';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Dependency } from './health.ts';
import type { Platform } from './resources.ts';
import { within } from './within.ts';

/** What a request may lose by a cache that does not answer. */
const BOUND = 100;
/** So many failures in a row, and nobody asks the cache until the watch has reached it again. */
const FAILURES = 3;
const LIFETIME = 60_000;

/** No JSON starts like this. */
const LEASE = '?';
const LEASE_TIME = { type: 'PX', value: 5000 } as const;
const STORE = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  end`;

type Client = RedisClientType;

const replies = new AsyncLocalStorage<FastifyReply>();

/** Lets `remember` say in X-Cache where an answer came from. */
export function markReplies(app: FastifyInstance): void {
  app.addHook('preHandler', (_request, reply, done) => replies.run(reply, done));
}

export class Cache extends Dependency {
  readonly name = 'cache';
  readonly required = false;
  readonly #client: Client;
  readonly #prefix: string;
  readonly #requests: Counter<'result'>;
  /** Keys whose invalidation failed, and when their values are gone anyway. */
  readonly #stale = new Map<string, number>();
  #connected: Promise<unknown> | undefined;
  /** Why there is no connection. */
  #error: unknown;
  #failures = 0;

  constructor({ config: { cache, service }, metrics: { registry } }: Platform) {
    super();
    this.#prefix = `${service}:`;
    const { database, host, port, tls } = cache.connection();
    this.#client = createClient({
      socket: {
        host,
        port,
        ...tls,
        connectTimeout: 2000,
        // The watch asks every two seconds, so a connection without any answer is dead.
        socketTimeout: 5000,
        reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2000),
      },
      database,
      credentialsProvider: {
        type: 'async-credentials-provider',
        credentials: async () => cache.connection().credentials,
      },
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    this.#client.on('error', (error) => {
      this.#error = error;
    });
    this.#requests = new Counter({
      name: 'cache_requests_total',
      help: 'Reads through the cache.',
      labelNames: ['result'],
      registers: [registry],
    });
  }

  /** The value under the key, else what `load` gives, which is then kept for a minute. */
  async remember<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const name = this.#prefix + key;
    // Leaves a lease where there is no value. Only who holds it may store one, and a write takes it away:
    // so what was loaded before a write is never stored after it.
    const lease = `${LEASE}${randomUUID()}`;
    const found = this.#stale.has(name)
      ? undefined
      : await this.attempt((client) => client.set(name, lease, { condition: 'NX', GET: true, expiration: LEASE_TIME }));
    const hit = typeof found === 'string' && !found.startsWith(LEASE);
    this.#requests.inc({ result: hit ? 'hit' : found === undefined ? 'error' : 'miss' });
    replies.getStore()?.header('x-cache', hit ? 'hit' : 'miss');
    if (hit) return JSON.parse(found);
    const value = await load();
    if (value !== undefined && found === null) {
      const args = [lease, JSON.stringify(value), String(LIFETIME)];
      void this.attempt((client) => client.eval(STORE, { keys: [name], arguments: args }));
    }
    return value;
  }

  /** To be called after a write. */
  async forget(key: string): Promise<void> {
    const name = this.#prefix + key;
    const done = await this.attempt((client) => client.del(name));
    if (done === undefined) this.#stale.set(name, Date.now() + LIFETIME);
  }

  /** Gives undefined when the cache does not answer in time; it never rejects. */
  async attempt<T>(command: (client: Client) => Promise<T>): Promise<T | undefined> {
    if (!this.#client.isReady || this.#failures >= FAILURES) return undefined;
    try {
      const result = await within(BOUND, command(this.#client));
      this.#failures = 0;
      return result;
    } catch {
      this.#failures += 1;
      return undefined;
    }
  }

  async check(): Promise<void> {
    for (const [name, gone] of this.#stale) if (gone < Date.now()) this.#stale.delete(name);
    this.#connected ??= this.#client.connect().catch(() => undefined);
    try {
      await within(1000, this.#connected);
      await within(1000, this.#client.ping());
    } catch (error) {
      throw this.#client.isReady ? error : (this.#error ?? error);
    }
    for (const name of this.#stale.keys()) {
      await within(1000, this.#client.del(name));
      this.#stale.delete(name);
    }
    this.#failures = 0;
  }

  async close(): Promise<void> {
    if (this.#client.isOpen) this.#client.destroy();
  }
}
