import { createRoute } from './items/create.ts';
import { itemRoutes } from './items/routes.ts';
import { createItemStore } from './items/store.ts';
import type { Routes } from './platform/server.ts';

/** Feature flags: with FEATURE_LINK_HEADER=true config.features.LINK_HEADER is true. */
export const features = ['LINK_HEADER'] as const;

/** Everything below /api. */
export const routes: Routes = async (app, resources) => {
  const prefix = '/v1/items';
  const items = createItemStore(resources);
  await app.register(createRoute, { prefix, items });
  await app.register(itemRoutes, { prefix, items, features: resources.config.features });
};
