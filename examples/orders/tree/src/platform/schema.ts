import { readdirSync } from 'node:fs';
import { parse } from 'node:path';

// Of the working directory, which is the repository or what the image has of it: a bundle does not know where it was.
export const MIGRATIONS_DIRECTORY = 'migrations';

/** The names of all migrations, oldest first. The directory is shipped with the code, which needs the newest one. */
export const migrationNames = () =>
  readdirSync(MIGRATIONS_DIRECTORY)
    .map((file) => parse(file).name)
    .sort();
