import { setTimeout as sleep } from 'node:timers/promises';
import { features, routes } from '../../src/app.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/logging.ts';
import { startService } from '../../src/platform/service.ts';
import { environment } from './environment.ts';

type Line = Record<string, unknown>;

/** The whole service in this process, on free ports, with its log lines at hand. */
export async function startTestService(overrides: Record<string, string> = {}, its = routes) {
  const lines: Line[] = [];
  const settings = loadConfig(
    { ...environment, LOG_LEVEL: 'debug', RATE_LIMIT_PER_MINUTE: '0', ...overrides },
    features,
  );
  const config = { ...settings, host: '127.0.0.1', port: 0, metricsHost: '127.0.0.1', metricsPort: 0 };
  const log = createLogger(config, { write: (line) => void lines.push(JSON.parse(line)) });
  const service = await startService(config, log, its);
  return { ...service, lines };
}

/** Polls until the condition holds, for at most the given time. */
export async function eventually(condition: () => Promise<boolean> | boolean, milliseconds = 5000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms`);
    await sleep(20);
  }
}

export async function startReadyService(overrides: Record<string, string> = {}, its = routes) {
  const service = await startTestService(overrides, its);
  await eventually(async () => (await fetch(`${service.address}/ready`)).ok);
  return service;
}

export const json = (body: unknown, method = 'POST', headers: Record<string, string> = {}): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export async function metric(address: string, line: RegExp): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** The body of an answer, which the caller knows the shape of. */
export const bodyOf = async <T>(response: Response | Promise<Response>) => (await (await response).json()) as T;
