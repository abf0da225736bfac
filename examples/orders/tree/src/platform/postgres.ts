import { tracingChannel } from 'node:diagnostics_channel';
import { Gauge, Histogram } from '@prometheus-io/client';
import pg from 'pg';
import { Dependency } from './health.ts';
import { unavailable } from './problems.ts';
import type { Platform } from './resources.ts';
import { migrationNames } from './schema.ts';

export const MIGRATIONS_TABLE = 'pgmigrations';

const LONGEST_WAIT = 2000;
/** Bounded on this side too: a paused server does not end statements. */
const PROBE = { text: 'SELECT 1', query_timeout: LONGEST_WAIT };
const queries = tracingChannel<'query', { text: string; error?: unknown }>('postgres:query');

/** Runs one statement, within a transaction or alone. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

export class Database extends Dependency implements Queryable {
  readonly name = 'database';
  readonly required = true;
  readonly #pool: pg.Pool;
  readonly #wait: Histogram;
  readonly #migration = migrationNames().at(-1);

  constructor({ config: { database, requestTimeout, service }, log, metrics: { registry } }: Platform) {
    super();
    // Together they stay below the time-out of the request, so that the statement ends before its answer is given up.
    const wait = Math.min(LONGEST_WAIT, requestTimeout * 0.2);
    const statement = Math.round(requestTimeout * 0.75);
    this.#pool = new pg.Pool({
      ...database.connection(),
      password: async () => database.connection().password,
      application_name: service,
      max: database.poolMax,
      connectionTimeoutMillis: wait,
      idleTimeoutMillis: 30_000,
      statement_timeout: statement,
      query_timeout: statement + 500,
      idle_in_transaction_session_timeout: requestTimeout,
      keepAlive: true,
    });
    // A connection that dies while a request holds it says so beside the failing statement: unheard, that ends the process.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
    this.#pool.on('error', (err) => log.warn({ err }, 'idle database connection lost'));

    const registers = [registry];
    this.#wait = new Histogram({
      name: 'db_pool_wait_seconds',
      help: 'Time a request waited for a connection.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2],
      registers,
    });
    const pool = this.#pool;
    new Gauge({
      name: 'db_pool_connections',
      help: 'Connections of the pool, and requests that wait for one.',
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'used' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'waiting' }, pool.waitingCount);
      },
    });
  }

  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return this.#use((client) => run<Row>(client, text, values));
  }

  /** Commits what `work` did, unless it throws or the request is over by then. */
  transaction<T>(signal: AbortSignal, work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.#use(async (client) => {
      await run(client, 'BEGIN');
      try {
        const result = await work({ query: (text, values) => run(client, text, values) });
        signal.throwIfAborted();
        await run(client, 'COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  async check(): Promise<void> {
    await this.#use((client) => client.query(PROBE));
  }

  override async missing(): Promise<string | undefined> {
    if (this.#migration === undefined) return undefined;
    const text = `SELECT 1 FROM ${MIGRATIONS_TABLE} WHERE name = $1`;
    const rows = await this.query(text, [this.#migration]).catch((error) => {
      if (error instanceof pg.DatabaseError) return [];
      throw error;
    });
    return rows.length > 0 ? undefined : `the schema lacks migration ${this.#migration}`;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const stop = this.#wait.startTimer();
    const client = await this.#pool.connect().catch((error) => {
      throw databaseDown(error);
    });
    stop();
    let lost = false;
    try {
      return await work(client);
    } catch (error) {
      lost = error instanceof Error && isLost(error.cause ?? error);
      throw error;
    } finally {
      client.release(lost);
    }
  }
}

async function run<Row extends pg.QueryResultRow>(client: pg.PoolClient, text: string, values?: unknown[]) {
  try {
    const result = await queries.tracePromise(() => client.query<Row>(text, values), { text });
    return result.rows;
  } catch (error) {
    throw isLost(error) || TRANSIENT.test((error as pg.DatabaseError).code ?? '') ? databaseDown(error) : error;
  }
}

// SQLSTATEs that say nothing about the statement: connection, roll back, resources, operator, read-only, lock.
const TRANSIENT = /^(08|40|53|57|58|25006|55P03)/;

/** An error that is not Postgres' own answer: the connection is in doubt, a statement may still run on it. */
const isLost = (error: unknown) => !(error instanceof pg.DatabaseError);

const databaseDown = (cause: unknown) => unavailable('The database does not answer.', cause);
