import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { Dependency, Health } from '../../src/platform/health.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { environment } from '../support/environment.ts';
import { eventually } from '../support/service.ts';

const log = pino({ enabled: false });
let health: Health | undefined;
afterEach(() => health?.stop());

class Fake extends Dependency {
  up = true;
  lacks: string | undefined;
  readonly name: string;
  readonly required: boolean;

  constructor(name: string, required: boolean) {
    super();
    this.name = name;
    this.required = required;
  }

  async check(): Promise<void> {
    if (!this.up) throw new Error('refused');
  }

  override async missing(): Promise<string | undefined> {
    return this.lacks;
  }

  async close(): Promise<void> {}
}

function watch(dependencies: Dependency[], overrides: Record<string, string> = {}): Health {
  const config = loadConfig({ ...environment, ...overrides }, []);
  health = new Health(dependencies, { config, log, metrics: createMetrics('1.2.3') });
  health.start();
  return health;
}

describe('health', () => {
  it('is not ready before a required dependency has answered', async () => {
    const store = new Fake('store', true);
    store.up = false;
    const watched = watch([store, new Fake('extra', false)]);
    expect(watched.ready()).toMatchObject({ status: 'unavailable', checks: { store: { status: 'unavailable' } } });
    expect(watched.available).toBe(false);
    store.up = true;
    await eventually(() => watched.ready().status === 'ok');
    expect(watched.available).toBe(true);
  });

  it('is not ready while something is missing', async () => {
    const store = new Fake('store', true);
    store.lacks = 'table 7 is missing';
    const watched = watch([store]);
    await eventually(() => watched.detail().status === 'healthy');
    expect(watched.available).toBe(false);
    expect(watched.ready().checks.store).toEqual({ status: 'unavailable', reason: 'table 7 is missing' });
    store.lacks = undefined;
    await eventually(() => watched.ready().status === 'ok');
  });

  it('stays ready when a shared dependency fails later, unless asked otherwise', async () => {
    for (const [checks, status] of [
      ['startup', 'ok'],
      ['continuous', 'unavailable'],
    ] as const) {
      const store = new Fake('store', true);
      const watched = watch([store], { READY_CHECKS: checks });
      await eventually(() => watched.ready().status === 'ok');
      store.up = false;
      await eventually(() => watched.detail().status === 'unhealthy');
      expect(watched.ready().status).toBe(status);
      watched.stop();
    }
  });

  it('is degraded without what is not required', async () => {
    const extra = new Fake('extra', false);
    extra.up = false;
    const watched = watch([new Fake('store', true), extra]);
    await eventually(() => watched.detail().status === 'degraded');
    expect(watched.detail().checks).toMatchObject({ store: { status: 'healthy' }, extra: { status: 'unhealthy' } });
    expect(watched.ready().status).toBe('ok');
  });

  it('is not ready once it drains', () => {
    const watched = watch([]);
    expect(watched.ready()).toEqual({ status: 'ok', checks: {} });
    watched.draining = true;
    expect(watched.ready()).toEqual({ status: 'unavailable', reason: 'shutting down', checks: {} });
  });
});
