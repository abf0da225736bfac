import type { ClientConfig } from 'pg';
import type { Address } from './database-config.ts';
import { secret } from './environment.ts';
import { parseAddress } from './server-address.ts';

export const STANDARD_PORT = 5432;

const parse = (value: string) => parseAddress(value, 'postgresql:', 'postgres:');

export const databaseUrl = secret('postgresql://user:password@localhost:5432/name').refine(
  (value) => parse(value)?.path,
  'must be a URL of host and database without parameters (see DATABASE_TLS)',
);

export function connectionOptions({ url, host, port, name, user, password, tls }: Address) {
  const address = url === undefined ? undefined : parse(url);
  return {
    host: address?.host ?? host,
    port: address ? address.port || STANDARD_PORT : port,
    database: address?.path ?? name,
    user: address?.user ?? user,
    password: address?.password ?? password,
    ssl: tls,
  } satisfies ClientConfig;
}
