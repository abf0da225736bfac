import { commonSettings, commonVariables } from './common-config.ts';
import { connectionOptions, databaseUrl, STANDARD_PORT } from './database-address.ts';
import {
  ConfigurationError,
  choice,
  type Environment,
  type Problem,
  readValues,
  secret,
  text,
  type ValuesOf,
  whole,
} from './environment.ts';
import { rereadSecrets } from './secrets.ts';

const parts = ['DATABASE_HOST', 'DATABASE_NAME', 'DATABASE_USER', 'DATABASE_PASSWORD'] as const;

export const databaseVariables = {
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_HOST: text('localhost').optional(),
  DATABASE_PORT: whole(1, 65_535, STANDARD_PORT),
  DATABASE_NAME: text('name').optional(),
  DATABASE_USER: text('user').optional(),
  DATABASE_PASSWORD: secret('change-me').optional(),
  DATABASE_TLS: choice(['verify-full', 'disable']).optional(),
  // No secret, but it comes as a file, DATABASE_CA_FILE, in the same way.
  DATABASE_CA: secret('-----BEGIN CERTIFICATE-----').optional(),
  DATABASE_POOL_MAX: whole(1, 1000, 10),
  MIGRATION_DATABASE_URL: databaseUrl.optional(),
};

export type MigrationConfig = ReturnType<typeof loadMigrationConfig>;

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

export function databaseSettings(
  source: Environment,
  values: ValuesOf<typeof databaseVariables>,
  environmentClass: string,
) {
  const standard = environmentClass === 'development' ? 'disable' : 'verify-full';
  const tls = (values.DATABASE_TLS ?? standard) === 'verify-full';
  return {
    poolMax: values.DATABASE_POOL_MAX,
    /** As the secrets are now, so to be called for each new connection. */
    connection(name: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL' = 'DATABASE_URL') {
      const env = rereadSecrets(source, databaseVariables);
      return connectionOptions({
        url: env[name] ?? env.DATABASE_URL,
        host: env.DATABASE_HOST ?? '',
        port: values.DATABASE_PORT,
        name: env.DATABASE_NAME ?? '',
        user: env.DATABASE_USER ?? '',
        password: env.DATABASE_PASSWORD ?? '',
        tls: tls && { rejectUnauthorized: true, ...(env.DATABASE_CA !== undefined && { ca: env.DATABASE_CA }) },
      });
    },
  };
}

/** Where the database is: a URL, or the parts of one. */
export type Address = {
  url: string | undefined;
  host: string;
  port: number;
  name: string;
  user: string;
  password: string;
  tls: false | { rejectUnauthorized: true; ca?: string };
};
