import { readFileSync } from 'node:fs';
import {
  ConfigurationError,
  type Environment,
  file,
  isUrl,
  readSecrets,
  secret,
  type ValuesOf,
} from './environment.ts';

export const cacheVariables = {
  REDIS_URL: secret(
    'redis://:password@localhost:6379/0',
    (value) => isUrl(value, 'redis:', 'rediss:') && /^\/?\d{0,3}$/.test(new URL(value).pathname),
    'must be a redis:// or rediss:// URL',
  ),
  REDIS_CA_FILE: file('/etc/ssl/redis-ca.pem').optional(),
};

export function cacheSettings(source: Environment, values: ValuesOf<typeof cacheVariables>) {
  const ca = values.REDIS_CA_FILE;

  /** Reads again what may have been rotated, so it is called for each new connection. */
  const credentials = () => {
    const [env, problems] = readSecrets(source, cacheVariables);
    if (problems.length > 0) throw new ConfigurationError(problems, cacheVariables);
    const { username, password } = new URL(env.REDIS_URL ?? '');
    // An empty user name would not be the default user.
    return { username: decodeURIComponent(username) || 'default', password: decodeURIComponent(password) };
  };
  const { hostname, port, pathname, protocol } = new URL(values.REDIS_URL);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || 6379,
    database: Number(pathname.slice(1)),
    tls: protocol === 'rediss:' && { ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }) },
    credentials,
  };
}
