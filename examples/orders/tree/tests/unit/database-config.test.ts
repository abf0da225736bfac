import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { loadMigrationConfig } from '../../src/platform/database-config.ts';
import { environment } from '../support/environment.ts';
import { secretFile } from '../support/secret-file.ts';

const { DATABASE_URL: _, ...rest } = environment;
const load = (variables: Record<string, string>) => loadConfig({ ...rest, ...variables }, []).database;
const url = 'postgresql://me:p%40ss@db.example.com:5433/orders';

describe('the database in the configuration', () => {
  it('reads a URL', () => {
    expect(load({ DATABASE_URL: url }).connection()).toMatchObject({
      host: 'db.example.com',
      port: 5433,
      database: 'orders',
      user: 'me',
      password: 'p@ss',
      ssl: false,
    });
  });

  it('reads parts', () => {
    const parts = { DATABASE_HOST: '::1', DATABASE_NAME: 'orders', DATABASE_USER: 'me', DATABASE_PASSWORD: 'secret' };
    expect(load(parts).connection()).toMatchObject({ host: '::1', port: 5432, user: 'me', password: 'secret' });
    expect(() => load({ ...parts, DATABASE_URL: url })).toThrow('DATABASE_HOST and DATABASE_URL are both set');
    expect(() => load({ DATABASE_HOST: 'localhost' })).toThrow('DATABASE_PASSWORD is required');
  });

  it('verifies the server outside of development', () => {
    expect(load({ DATABASE_URL: url, APP_ENV: 'production' }).connection().ssl).toEqual({ rejectUnauthorized: true });
    const ca = secretFile('certificate');
    expect(load({ DATABASE_URL: url, DATABASE_TLS: 'verify-full', DATABASE_CA_FILE: ca }).connection().ssl).toEqual({
      rejectUnauthorized: true,
      ca: 'certificate',
    });
    expect(() => load({ DATABASE_URL: url, DATABASE_TLS: 'require' })).toThrow('DATABASE_TLS must be one of');
    expect(() => load({ DATABASE_URL: url, DATABASE_CA_FILE: '/nowhere' })).toThrow(
      'DATABASE_CA_FILE must name a file',
    );
  });

  it('takes a password from a file without the end of its line', () => {
    const parts = { DATABASE_HOST: 'db', DATABASE_NAME: 'orders', DATABASE_USER: 'me' };
    const file = secretFile('p@ss word\n');
    expect(load({ ...parts, DATABASE_PASSWORD_FILE: file }).connection().password).toBe('p@ss word');
  });

  it('reads a secret file again for each connection', () => {
    const file = secretFile(`${url}\n`);
    const { connection } = load({ DATABASE_URL_FILE: file });
    expect(connection().password).toBe('p@ss');
    writeFileSync(file, url.replace('p%40ss', 'rotated'));
    expect(connection().password).toBe('rotated');
  });

  it.each([
    'mysql://localhost/orders',
    'postgresql://localhost',
    'postgresql://localhost/orders?sslmode=require',
    'postgresql://me:50%@localhost/orders',
  ])('refuses %s without printing it', (bad) => {
    expect(() => load({ DATABASE_URL: bad })).toThrow('DATABASE_URL must be a URL');
    expect(() => load({ DATABASE_URL: bad })).not.toThrow(bad);
  });

  it('refuses a secret that is absent, given twice or not readable', () => {
    expect(() => load({})).toThrow('DATABASE_URL is required (example: DATABASE_URL=postgresql://');
    expect(() => load({ DATABASE_URL: url, DATABASE_URL_FILE: '/x' })).toThrow('and DATABASE_URL_FILE are both set');
    expect(() => load({ DATABASE_URL_FILE: '/nowhere' })).toThrow('DATABASE_URL_FILE must name a file');
  });

  it('lets migrations have an owner of their own, and need nothing else', () => {
    const owner = 'postgresql://owner:x@localhost/orders';
    const { database } = loadMigrationConfig({ MIGRATION_DATABASE_URL: owner });
    expect(database.connection('MIGRATION_DATABASE_URL').user).toBe('owner');
    const fallback = loadMigrationConfig({ DATABASE_URL: url });
    expect(fallback.database.connection('MIGRATION_DATABASE_URL').user).toBe('me');
    expect(() => loadMigrationConfig({})).toThrow('DATABASE_URL is required');
  });
});
