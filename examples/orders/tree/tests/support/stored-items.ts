import pg from 'pg';
import { environment } from './environment.ts';

/** What requests have left in the database. */
export class StoredItems {
  readonly #client = new pg.Client(environment.DATABASE_URL);

  connect = () => this.#client.connect();
  close = () => this.#client.end();

  async count(name: string): Promise<number> {
    const { rows } = await this.#client.query('SELECT count(*)::int AS count FROM items WHERE name = $1', [name]);
    return rows[0].count;
  }

  /** Does what a request does that has not ended; gives what ends it. */
  async holdKey(key: string) {
    await this.#client.query('BEGIN');
    await this.#client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
    return () => this.#client.query('ROLLBACK');
  }

  /** Lets a key be older than a day. */
  async ageKey(key: string): Promise<void> {
    const statement = `UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = $1`;
    await this.#client.query(statement, [key]);
  }

  async hasKey(key: string): Promise<boolean> {
    const { rowCount } = await this.#client.query('SELECT 1 FROM idempotency_keys WHERE key = $1', [key]);
    return rowCount === 1;
  }
}
