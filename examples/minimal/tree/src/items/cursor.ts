import { z } from 'zod';

/** The id of the last item of a page, in 22 characters that mean nothing to a client. */
export const encodeCursor = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

export const cursorSchema = z
  .string()
  .transform((cursor, { issues, value }) => {
    const hex = Buffer.from(cursor, 'base64url').toString('hex');
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    if (id.length === 36 && encodeCursor(id) === cursor) return id;
    issues.push({ code: 'custom', message: 'must be the next_cursor of an earlier page', input: value });
    return z.NEVER;
  })
  .optional();
