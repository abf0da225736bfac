import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Item, Versions } from './item.ts';

const split = (header: string) => header.split(',').map((tag) => tag.trim());

export function setEntityTag(reply: FastifyReply, { version }: Item): void {
  reply.header('etag', `"${version}"`);
}

/** Whether If-None-Match names what the client would get. A proxy may have weakened the tag (RFC 9110, 13.1.2). */
export function isKnown({ headers }: FastifyRequest, { version }: Item): boolean {
  const tags = split(headers['if-none-match'] ?? '');
  return tags.includes('*') || tags.some((tag) => tag.replace(/^W\//, '') === `"${version}"`);
}

/** The versions that If-Match allows; undefined when any will do. Weak tags never match (RFC 9110, 13.1.1). */
export function expectedVersions({ headers }: FastifyRequest): Versions {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  return split(header).flatMap((tag) => /^"(\d{1,9})"$/.exec(tag)?.slice(1).map(Number) ?? []);
}
