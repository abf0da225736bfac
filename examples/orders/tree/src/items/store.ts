import { v7 as newId } from 'uuid';
import type { Queryable } from '../platform/postgres.ts';
import type { Resources } from '../platform/resources.ts';
import { type Idempotency, otherBody, stillRunning } from './idempotency.ts';
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

type Row = Omit<Item, 'created_at' | 'updated_at'> & { created_at: Date; updated_at: Date };

const COLUMNS = 'id, name, description, version, created_at, updated_at';

export const createItemStore = ({ database }: Resources) => new PostgresItems(database);

export class PostgresItems implements ItemStore {
  readonly #database: Resources['database'];

  constructor(database: Resources['database']) {
    this.#database = database;
  }

  /** The item and what is remembered under the key become visible together or not at all. */
  async create(input: NewItem, signal: AbortSignal, idempotency?: Idempotency): Promise<Item> {
    if (idempotency === undefined) return insert(this.#database, input);
    const { key, fingerprint } = idempotency;
    return this.#database.transaction(signal, async (transaction) => {
      const [lock] = await transaction.query<{ free: boolean }>(
        'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free',
        [key],
      );
      if (!lock?.free) throw stillRunning();
      const [earlier] = await transaction.query<{ fingerprint: Buffer; answer: Item }>(
        `SELECT fingerprint, answer FROM idempotency_keys WHERE key = $1 AND created_at > now() - interval '24 hours'`,
        [key],
      );
      if (earlier && !earlier.fingerprint.equals(fingerprint)) throw otherBody();
      if (earlier) return earlier.answer;
      const item = await insert(transaction, input);
      await transaction.query(
        `INSERT INTO idempotency_keys (key, fingerprint, answer) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO UPDATE SET fingerprint = $2, answer = $3, created_at = now()`,
        [key, fingerprint, item],
      );
      await removeExpiredKeys(transaction);
      return item;
    });
  }

  async list(after: string | undefined, limit: number): Promise<Item[]> {
    const rows = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM items WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
      [after ?? null, limit],
    );
    return rows.map(toItem);
  }

  async get(id: string): Promise<Item | undefined> {
    const [row] = await this.#database.query<Row>(`SELECT ${COLUMNS} FROM items WHERE id = $1`, [id]);
    return row && toItem(row);
  }

  /** One statement that sets only the given fields: two changes of different fields both survive. */
  async update(id: string, changes: Changes, versions: Versions): Promise<Item> {
    const [row] = await this.#database.query<Row>(
      `UPDATE items
       SET name = CASE WHEN $3 THEN $4 ELSE name END,
           description = CASE WHEN $5 THEN $6 ELSE description END,
           version = version + 1,
           updated_at = greatest(now(), updated_at)
       WHERE id = $1 AND ($2::integer[] IS NULL OR version = ANY ($2))
       RETURNING ${COLUMNS}`,
      [
        id,
        versions ?? null,
        changes.name !== undefined,
        changes.name,
        changes.description !== undefined,
        changes.description,
      ],
    );
    if (row === undefined) throw await this.#absentOrStale(id);
    return toItem(row);
  }

  async delete(id: string, versions: Versions): Promise<void> {
    const rows = await this.#database.query(
      'DELETE FROM items WHERE id = $1 AND ($2::integer[] IS NULL OR version = ANY ($2)) RETURNING id',
      [id, versions ?? null],
    );
    if (rows.length === 0) throw await this.#absentOrStale(id);
  }

  async #absentOrStale(id: string): Promise<Error> {
    return (await this.get(id)) === undefined ? absent() : stale();
  }
}

async function insert(database: Queryable, { name, description }: NewItem): Promise<Item> {
  const id = newId();
  const [row] = await database.query<Row>(
    `INSERT INTO items (id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) RETURNING ${COLUMNS}`,
    [id, name, description, createdAt(id)],
  );
  if (row === undefined) throw new Error('INSERT returned no row');
  return toItem(row);
}

/** A few with each new key are enough, and nobody waits for a row that another request removes. */
async function removeExpiredKeys(database: Queryable): Promise<void> {
  await database.query(
    `DELETE FROM idempotency_keys WHERE key IN (
       SELECT key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
       ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED)`,
  );
}

function toItem({ created_at, updated_at, ...row }: Row): Item {
  return { ...row, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}
