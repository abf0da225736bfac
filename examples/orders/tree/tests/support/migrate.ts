import { execFileSync } from 'node:child_process';
import { environment } from './environment.ts';

/** Brings the schema up to date before the tests. */
export function setup(): void {
  // Whoever names a database of their own names its owner too, or that of the service may change the schema.
  const env = process.env.DATABASE_URL ? process.env : { ...process.env, ...environment };
  execFileSync(process.execPath, ['src/migrate.ts', 'up'], { env, stdio: 'inherit' });
}
