import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Config } from '../platform/config.ts';
import { problems } from '../platform/problems.ts';
import { cursorSchema, encodeCursor } from './cursor.ts';
import { expectedVersions, isKnown, setEntityTag } from './entity-tag.ts';
import { about, absent, changesSchema, type ItemStore, itemSchema } from './item.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const params = z.object({ id: z.string().regex(UUID).toLowerCase().meta({ format: 'uuid' }) });
const querystring = z.object({
  limit: z
    .string()
    .refine((value) => /^([1-9]\d?|100)$/.test(value), 'must be a whole number from 1 to 100')
    .default('20')
    .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  cursor: cursorSchema,
});
const page = z
  .object({ items: z.array(itemSchema), next_cursor: z.string().nullable() })
  .describe('A page, and the cursor of the next one if there is one');

const unchanged = z.null().describe('The client has this version');
const gone = z.null().describe('Deleted');

type Options = { items: ItemStore; features: Config['features'] };

export const itemRoutes: FastifyPluginAsyncZod<Options> = async (app, { items, features }) => {
  app.get(
    '',
    {
      schema: {
        ...about('listItems', 'List items, oldest first'),
        querystring,
        response: { 200: page, ...problems(422) },
      },
    },
    async ({ query: { cursor, ...query } }, reply) => {
      const limit = Number(query.limit);
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
        ...about('getItem', 'Get an item'),
        params,
        response: { 200: itemSchema, 304: unchanged, ...problems(404) },
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
        ...about('changeItem', 'Change some fields of an item'),
        params,
        body: changesSchema,
        response: { 200: itemSchema, ...problems(400, 404, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const item = await items.update(request.params.id, request.body, expectedVersions(request));
      setEntityTag(reply, item);
      return item;
    },
  );

  app.delete(
    '/:id',
    { schema: { ...about('deleteItem', 'Delete an item'), params, response: { 204: gone, ...problems(404, 412) } } },
    async (request, reply) => {
      await items.delete(request.params.id, expectedVersions(request));
      return reply.code(204).send(null);
    },
  );
};
