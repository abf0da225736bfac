import { v7 as newId } from 'uuid';
import type { Resources } from '../platform/resources.ts';
import {
  absent,
  type Changes,
  createdAt,
  type Item,
  type ItemStore,
  type NewItem,
  stale,
  type Versions,
} from './item.ts';

export const createItemStore: (resources: Resources) => MemoryItems = () => new MemoryItems();

/** Items live as long as this process, and on this instance only. */
export class MemoryItems implements ItemStore {
  /** In the order of ids, because each new one is the greatest. */
  readonly #items = new Map<string, Item>();

  async create(input: NewItem): Promise<Item> {
    const id = newId();
    const time = createdAt(id).toISOString();
    const item = { id, ...input, version: 1, created_at: time, updated_at: time };
    this.#items.set(id, item);
    return item;
  }

  async list(after: string | undefined, limit: number): Promise<Item[]> {
    const found: Item[] = [];
    for (const item of this.#items.values()) {
      if (found.length === limit) break;
      if (after === undefined || item.id > after) found.push(item);
    }
    return found;
  }

  async get(id: string): Promise<Item | undefined> {
    return this.#items.get(id);
  }

  async update(id: string, changes: Changes, versions: Versions): Promise<Item> {
    const item = this.#current(id, versions);
    const { name = item.name, description = item.description } = changes;
    const changed = { ...item, name, description, version: item.version + 1, updated_at: new Date().toISOString() };
    this.#items.set(id, changed);
    return changed;
  }

  async delete(id: string, versions: Versions): Promise<void> {
    this.#items.delete(this.#current(id, versions).id);
  }

  #current(id: string, versions: Versions): Item {
    const item = this.#items.get(id);
    if (item === undefined) throw absent();
    if (versions !== undefined && !versions.includes(item.version)) throw stale();
    return item;
  }
}
