import { readdirSync } from 'node:fs';
import { parse } from 'node:path';

export const MIGRATIONS_DIRECTORY = `${import.meta.dirname}/../../migrations`;

/** The names of all migrations, oldest first. The directory is shipped with the code, which needs the newest one. */
export const migrationNames = () =>
  readdirSync(MIGRATIONS_DIRECTORY)
    .map((file) => parse(file).name)
    .sort();
