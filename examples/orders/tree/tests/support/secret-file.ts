import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a secret is mounted as a file. */
export function secretFile(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'secret-')), 'secret');
  writeFileSync(path, content);
  return path;
}
