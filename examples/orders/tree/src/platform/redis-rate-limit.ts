import type { Cache } from './redis.ts';

type Count = { current: number; ttl: number };
type Done = (error: Error | null, count?: Count) => void;

/** Counts in the cache, so across instances; while it does not answer, in the memory of this one. */
export function rateLimitStore(cache: Cache, service: string) {
  return class RateLimitStore {
    readonly #counts = new Map<string, number>();
    #windowEnd = 0;

    incr(client: string, done: Done, window: number): void {
      void this.#count(client, window).then((count) => done(null, count), done);
    }

    child(): this {
      return this;
    }

    async #count(client: string, window: number): Promise<Count> {
      const key = `${service}:rate-limit:${client}`;
      const counted = await cache.attempt((redis) =>
        redis.multi().incr(key).pExpire(key, window, 'NX').pTTL(key).execTyped(),
      );
      return counted === undefined ? this.#countHere(client, window) : { current: counted[0], ttl: counted[2] };
    }

    #countHere(client: string, window: number): Count {
      const now = Date.now();
      if (now >= this.#windowEnd) {
        this.#counts.clear();
        this.#windowEnd = now + window;
      }
      const current = (this.#counts.get(client) ?? 0) + 1;
      this.#counts.set(client, current);
      return { current, ttl: this.#windowEnd - now };
    }
  };
}
