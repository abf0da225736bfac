import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { environment } from '../support/environment.ts';

const load = (overrides: Record<string, string>) => loadConfig({ ...environment, ...overrides }, ['NEW_PRICES']);

describe('configuration', () => {
  it('has defaults for everything but addresses', () => {
    expect(load({})).toMatchObject({
      environment: 'development',
      host: '0.0.0.0',
      port: 3000,
      metricsPort: 9464,
      requestTimeout: 15_000,
      trustedProxies: [],
      tracing: false,
      features: { NEW_PRICES: false },
    });
  });

  it('takes an empty value for an absent one', () => {
    expect(load({ PORT: '', TRUSTED_PROXIES: '' })).toMatchObject({ port: 3000, trustedProxies: [] });
  });

  it('tells every problem in one message, with an example', () => {
    const bad = {
      PORT: '70000',
      LOG_LEVEL: 'loud',
      APP_ENV: 'moon',
      FEATURE_NEW_PRICES: 'yes',
      BODY_LIMIT_BYTES: '1e3',
    };
    expect(() => load(bad)).toThrow('- PORT must be a whole number from 1 to 65535 (example: PORT=3000)');
    for (const name of Object.keys(bad)) expect(() => load(bad)).toThrow(name);
  });

  it.each([
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'proxy'],
    ['CORS_ALLOWED_ORIGINS', '*'],
    ['CORS_ALLOWED_ORIGINS', 'https://app.example.com/'],
    ['HOST', 'not a host'],
    ['METRICS_PORT', '3000'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['READY_CHECKS', 'never'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(new RegExp(`- ${name} must`));
  });

  it('reads lists', () => {
    const config = load({ TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8,', CORS_ALLOWED_ORIGINS: 'https://app.example.com' });
    expect(config.trustedProxies).toEqual(['10.0.0.0/8', 'fd00::/8']);
    expect(config.allowedOrigins).toEqual(['https://app.example.com']);
  });

  it('refuses a shutdown that cannot end in time', () => {
    expect(() => load({ SHUTDOWN_DELAY_SECONDS: '6' })).toThrow('SHUTDOWN_GRACE_SECONDS must be at least');
    expect(load({ SHUTDOWN_DELAY_SECONDS: '5' }).shutdownDelay).toBe(5000);
  });

  it('switches a feature on', () => {
    expect(load({ FEATURE_NEW_PRICES: 'true' }).features.NEW_PRICES).toBe(true);
  });
});
