import { z } from 'zod';
import { HttpProblem } from '../platform/problems.ts';

const codePoints = (value: string) => [...value].length;
// Neither a NUL nor half of a surrogate pair can be stored as UTF-8 text.
const isStorable = (value: string) => value.isWellFormed() && !value.includes('\0');

const text = (minimum: number, maximum: number) =>
  z
    .string()
    .refine(
      (value) => codePoints(value) >= minimum && codePoints(value) <= maximum,
      `must have ${minimum} to ${maximum} characters`,
    )
    .refine(isStorable, 'must not contain NUL or unpaired surrogates')
    .meta({ minLength: minimum, maxLength: maximum });

const name = text(1, 200);
const description = text(0, 2000).nullable();

export const newItemSchema = z.strictObject({ name, description: description.default(null) }).meta({ id: 'NewItem' });
export const changesSchema = z.strictObject({ name, description }).partial().meta({ id: 'ItemChanges' });

export const itemSchema = z
  .object({
    id: z.string().meta({ format: 'uuid' }),
    name: z.string(),
    description: z.string().nullable(),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Item' });

/** How the API's description calls an operation on items. */
export const about = (operationId: string, summary: string) => ({ operationId, summary, tags: ['items'] });

export type NewItem = z.infer<typeof newItemSchema>;
export type Changes = z.infer<typeof changesSchema>;
/** With its version, which goes out as the ETag. */
export type Item = z.infer<typeof itemSchema> & { version: number };

export const absent = () => new HttpProblem(404, 'There is no such item.');
export const stale = () => new HttpProblem(412, 'The item has changed since.');

/** Where items are kept. */
export interface ItemStore {
  /** By id, so in the order of creation. An id never changes: pages are stable while others write. */
  list(after: string | undefined, limit: number): Promise<Item[]>;
  get(id: string): Promise<Item | undefined>;
  /** Throws `absent`, or `stale` unless the version is one of `versions`; so does `delete`. */
  update(id: string, changes: Changes, versions: Versions): Promise<Item>;
  delete(id: string, versions: Versions): Promise<void>;
}
/** undefined: any version will do. */
export type Versions = readonly number[] | undefined;

/** An id of version 7 begins with its time, so that the order of ids is that of creation. */
export const createdAt = (id: string) => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
