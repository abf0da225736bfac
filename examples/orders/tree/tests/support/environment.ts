import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** What .env.example says, which fits compose.yaml, unless the environment says otherwise. */
export const environment: Record<string, string> = Object.fromEntries(
  Object.entries(parseEnv(readFileSync('.env.example', 'utf8'))).map(([name, value = '']) => [
    name,
    process.env[name] ?? value,
  ]),
);
