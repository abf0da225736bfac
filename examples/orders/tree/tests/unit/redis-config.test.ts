import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { environment } from '../support/environment.ts';
import { secretFile } from '../support/secret-file.ts';

const { REDIS_URL: _, ...rest } = environment;
const load = (variables: Record<string, string>) => loadConfig({ ...rest, ...variables }, []).cache.connection();

describe('the cache in the configuration', () => {
  it('reads a URL', () => {
    const cache = load({ REDIS_URL: 'redis://me:p%40ss@[::1]:6380/2' });
    expect(cache).toMatchObject({ host: '::1', port: 6380, database: 2, tls: false });
    expect(cache.credentials).toEqual({ username: 'me', password: 'p@ss' });
    expect(load({ REDIS_URL: 'redis://:secret@localhost' }).credentials.username).toBe('default');
  });

  it('verifies a rediss server', () => {
    const ca = secretFile('certificate');
    expect(load({ REDIS_URL: 'rediss://cache.example.com', REDIS_CA_FILE: ca }).tls).toEqual({
      tls: true,
      ca: 'certificate',
    });
    expect(load({ REDIS_URL: 'rediss://cache.example.com' }).tls).toEqual({ tls: true });
  });

  it('reads a secret file again for each connection', () => {
    const file = secretFile('redis://:old@localhost\n');
    const { connection } = loadConfig({ ...rest, REDIS_URL_FILE: file }, []).cache;
    expect(connection().credentials.password).toBe('old');
    writeFileSync(file, 'redis://:new@localhost');
    expect(connection().credentials.password).toBe('new');
  });

  it('refuses what is no address of a cache', () => {
    expect(() => load({})).toThrow('REDIS_URL is required');
    for (const bad of ['http://localhost', 'redis://', 'redis://localhost/abc']) {
      expect(() => load({ REDIS_URL: bad })).toThrow('REDIS_URL must be a redis:// or rediss:// URL');
    }
  });
});
