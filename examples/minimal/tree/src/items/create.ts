import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { problems } from '../platform/problems.ts';
import { setEntityTag } from './entity-tag.ts';
import { about, itemSchema, newItemSchema } from './item.ts';
import type { MemoryItems } from './store.ts';

export const createRoute: FastifyPluginAsyncZod<{ items: MemoryItems }> = async (app, { items }) => {
  app.post(
    '',
    {
      schema: {
        ...about('createItem', 'Create an item'),
        body: newItemSchema,
        response: { 201: itemSchema, ...problems(400, 413, 415, 422) },
      },
    },
    async ({ body, url }, reply) => {
      const item = await items.create(body);
      setEntityTag(reply, item);
      reply.code(201).header('location', `${url.split('?')[0]}/${item.id}`);
      return item;
    },
  );
};
