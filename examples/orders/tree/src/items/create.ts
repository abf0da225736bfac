import { createHash } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problems } from '../platform/problems.ts';
import { setEntityTag } from './entity-tag.ts';
import { about, itemSchema, newItemSchema } from './item.ts';
import type { createItemStore } from './store.ts';

const headers = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'A retry with the same key within 24 hours gets the first answer again.' }),
});

type Options = { items: ReturnType<typeof createItemStore> };

export const createRoute: FastifyPluginAsyncZod<Options> = async (app, { items }) => {
  app.post(
    '',
    {
      schema: {
        ...about('createItem', 'Create an item'),
        headers,
        body: newItemSchema,
        response: { 201: itemSchema, ...problems(400, 409, 413, 415, 422) },
      },
    },
    async ({ body, deadline, headers, url }, reply) => {
      const key = headers['idempotency-key'];
      const fingerprint = createHash('sha256')
        .update(JSON.stringify([body.name, body.description]))
        .digest();
      const item = await items.create(body, deadline, key === undefined ? undefined : { key, fingerprint });
      setEntityTag(reply, item);
      reply.code(201).header('location', `${url.split('?')[0]}/${item.id}`);
      return item;
    },
  );
};
