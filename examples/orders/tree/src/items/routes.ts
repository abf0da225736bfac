import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Config } from '../platform/config.ts';
import { HttpProblem, problems } from '../platform/problems.ts';
import { cursorSchema, encodeCursor } from './cursor.ts';
import { expectedVersions, isKnown, setEntityTag } from './entity-tag.ts';
import { changesSchema, type ItemStore, itemSchema } from './item.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const params = z.object({ id: z.string().regex(UUID).toLowerCase().meta({ format: 'uuid' }) });
const querystring = z.object({
  limit: z
    .string()
    .refine((value) => /^([1-9]\d?|100)$/.test(value), 'must be a whole number from 1 to 100')
    .transform(Number)
    .prefault('20')
    .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  cursor: cursorSchema,
});
const page = z
  .object({ items: z.array(itemSchema), next_cursor: z.string().nullable() })
  .describe('A page, and the cursor of the next one if there is one');

const absent = () => new HttpProblem(404, 'There is no such item.');
const stale = () => new HttpProblem(412, 'The item has changed since.');

type Options = { items: ItemStore; features: Config['features'] };

export const itemRoutes: FastifyPluginAsyncZod<Options> = async (app, { items, features }) => {
  const tags = ['items'];

  app.get(
    '',
    {
      schema: {
        operationId: 'listItems',
        summary: 'List items, oldest first',
        tags,
        querystring,
        response: { 200: page, ...problems(422, 429, 503) },
      },
    },
    async ({ query: { cursor, limit } }, reply) => {
      // One more than asked for tells whether there is a next page.
      const found = await items.list(cursor, limit + 1);
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      const next_cursor = last ? encodeCursor(last.id) : null;
      if (features.LINK_HEADER && next_cursor)
        reply.header('link', `<?limit=${limit}&cursor=${next_cursor}>; rel="next"`);
      return { items: shown, next_cursor };
    },
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getItem',
        summary: 'Get an item',
        tags,
        params,
        response: {
          200: itemSchema,
          304: z.null().describe('The client has this version'),
          ...problems(404, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const item = await items.get(request.params.id);
      if (item === undefined) throw absent();
      setEntityTag(reply, item);
      if (isKnown(request, item)) return reply.code(304).send(null);
      return item;
    },
  );

  app.patch(
    '/:id',
    {
      schema: {
        operationId: 'changeItem',
        summary: 'Change some fields of an item',
        tags,
        params,
        body: changesSchema,
        response: { 200: itemSchema, ...problems(400, 404, 412, 413, 415, 422, 429, 503) },
      },
    },
    async (request, reply) => {
      const item = await items.update(request.params.id, request.body, expectedVersions(request));
      if (item === 'absent') throw absent();
      if (item === 'stale') throw stale();
      setEntityTag(reply, item);
      return item;
    },
  );

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteItem',
        summary: 'Delete an item',
        tags,
        params,
        response: { 204: z.null().describe('Deleted'), ...problems(404, 412, 429, 503) },
      },
    },
    async (request, reply) => {
      const outcome = await items.delete(request.params.id, expectedVersions(request));
      if (outcome === 'absent') throw absent();
      if (outcome === 'stale') throw stale();
      return reply.code(204).send(null);
    },
  );
};
