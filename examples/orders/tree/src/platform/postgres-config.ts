import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import { commonSettings, commonVariables } from './common-config.ts';
import {
  ConfigurationError,
  choice,
  type Environment,
  file,
  isUrl,
  type Problem,
  readSecrets,
  readValues,
  secret,
  text,
  type ValuesOf,
  whole,
} from './environment.ts';

export const MIGRATIONS_DIRECTORY = `${import.meta.dirname}/../../migrations`;
export const MIGRATIONS_TABLE = 'pgmigrations';

const EXAMPLE = 'postgresql://user:password@localhost:5432/name';
const parts = ['DATABASE_HOST', 'DATABASE_NAME', 'DATABASE_USER', 'DATABASE_PASSWORD'] as const;

function isDatabaseUrl(value: string): boolean {
  if (!isUrl(value, 'postgresql:', 'postgres:')) return false;
  const { username, password, pathname, search } = new URL(value);
  if (search !== '' || !/^\/[^/]+$/.test(pathname)) return false;
  try {
    return [username, password, pathname].every((part) => decodeURIComponent(part).isWellFormed());
  } catch {
    return false;
  }
}

const url = secret(
  EXAMPLE,
  isDatabaseUrl,
  'must be a URL with a host and a database, and without parameters (TLS is the matter of DATABASE_TLS)',
).optional();

export const databaseVariables = {
  DATABASE_URL: url,
  DATABASE_HOST: text('localhost').optional(),
  DATABASE_PORT: whole(1, 65_535, 5432),
  DATABASE_NAME: text('name').optional(),
  DATABASE_USER: text('user').optional(),
  DATABASE_PASSWORD: secret('change-me', () => true, '').optional(),
  DATABASE_TLS: choice(['verify-full', 'disable']).optional(),
  DATABASE_CA_FILE: file('/etc/ssl/database-ca.pem').optional(),
  DATABASE_POOL_MAX: whole(1, 1000, 10),
  MIGRATION_DATABASE_URL: url,
};
type DatabaseValues = ValuesOf<typeof databaseVariables>;

/** What `migrate` reads: it needs no more of the configuration than the database. */
export function loadMigrationConfig(source: Environment) {
  const variables = { ...commonVariables, ...databaseVariables };
  const { env, problems, values } = readValues(source, variables);
  if (env.MIGRATION_DATABASE_URL === undefined) problems.push(...checkDatabase(env));
  if (problems.length > 0) throw new ConfigurationError(problems, variables);
  const common = commonSettings(values);
  return { ...common, database: databaseSettings(source, values, common.class) };
}

/** DATABASE_URL, or all of its parts. */
export function checkDatabase(env: Environment): Problem[] {
  const given = parts.filter((name) => env[name] !== undefined);
  if (env.DATABASE_URL !== undefined) {
    return given.map((name) => ({ name, message: 'and DATABASE_URL are both set: keep one' }));
  }
  if (given.length === 0) return [{ name: 'DATABASE_URL', message: 'is required' }];
  return parts
    .filter((name) => !given.includes(name))
    .map((name) => ({ name, message: 'is required beside the other parts of DATABASE_URL' }));
}

export function databaseSettings(source: Environment, values: DatabaseValues, environmentClass: string) {
  const tls =
    (values.DATABASE_TLS ?? (environmentClass === 'development' ? 'disable' : 'verify-full')) === 'verify-full';
  const ca = values.DATABASE_CA_FILE;

  /** Reads again what may have been rotated, so it is called for each new connection. */
  const connection = (name: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL' = 'DATABASE_URL'): ClientConfig => {
    const [env, problems] = readSecrets(source, databaseVariables);
    if (problems.length > 0) throw new ConfigurationError(problems, databaseVariables);
    const address = env[name] ?? env.DATABASE_URL;
    return {
      ...(address === undefined
        ? {
            host: env.DATABASE_HOST,
            port: values.DATABASE_PORT,
            database: env.DATABASE_NAME,
            user: env.DATABASE_USER,
            password: env.DATABASE_PASSWORD,
          }
        : fromUrl(new URL(address))),
      ssl: tls && { rejectUnauthorized: true, ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }) },
    };
  };
  return { poolMax: values.DATABASE_POOL_MAX, connection };
}

function fromUrl({ hostname, port, pathname, username, password }: URL): ClientConfig {
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || 5432,
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}
