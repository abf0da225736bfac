import type { Cache } from '../platform/redis.ts';
import type { Changes, Item, ItemStore, Versions } from './item.ts';

/** Cache-aside: single items are read through the cache, and a write forgets them there. */
export class CachedItems implements ItemStore {
  readonly #items: ItemStore;
  readonly #cache: Cache;

  constructor(items: ItemStore, cache: Cache) {
    this.#items = items;
    this.#cache = cache;
  }

  list(after: string | undefined, limit: number): Promise<Item[]> {
    return this.#items.list(after, limit);
  }

  get(id: string): Promise<Item | undefined> {
    return this.#cache.remember(keyOf(id), () => this.#items.get(id));
  }

  async update(id: string, changes: Changes, versions: Versions): Promise<Item> {
    try {
      return await this.#items.update(id, changes, versions);
    } finally {
      // Also where it failed: it may have been written all the same.
      await this.#cache.forget(keyOf(id));
    }
  }

  async delete(id: string, versions: Versions): Promise<void> {
    try {
      await this.#items.delete(id, versions);
    } finally {
      await this.#cache.forget(keyOf(id));
    }
  }
}

const keyOf = (id: string) => `item:${id}`;
