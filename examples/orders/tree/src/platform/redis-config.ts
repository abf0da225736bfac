import { type Environment, secret } from './environment.ts';
import { rereadSecrets } from './secrets.ts';
import { parseAddress } from './server-address.ts';

const parse = (url: string) => parseAddress(url, 'redis:', 'rediss:');

export const cacheVariables = {
  REDIS_URL: secret('redis://:password@localhost:6379/0').refine(
    (value) => /^\d{0,3}$/.test(parse(value)?.path ?? 'none'),
    'must be a redis:// or rediss:// URL',
  ),
  // No secret, but it comes as a file, REDIS_CA_FILE, in the same way.
  REDIS_CA: secret('-----BEGIN CERTIFICATE-----').optional(),
};

export const cacheSettings = (source: Environment) => ({
  /** As the secrets are now, so to be called for each new connection. */
  connection() {
    const { REDIS_CA, REDIS_URL = '' } = rereadSecrets(source, cacheVariables);
    const address = parse(REDIS_URL);
    return {
      host: address?.host ?? '',
      port: address?.port || 6379,
      database: Number(address?.path),
      tls: address?.protocol === 'rediss:' && { tls: true as const, ...(REDIS_CA !== undefined && { ca: REDIS_CA }) },
      // An empty user name would not be the default user.
      credentials: { username: address?.user || 'default', password: address?.password ?? '' },
    };
  },
});
