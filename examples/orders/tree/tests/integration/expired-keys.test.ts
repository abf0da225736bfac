import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { json, startReadyService } from '../support/service.ts';
import { StoredItems } from '../support/stored-items.ts';

it('removes expired keys with new ones', async () => {
  const stored = new StoredItems();
  await stored.connect();
  const { address, stop } = await startReadyService();
  const post = (key: string) =>
    fetch(`${address}/api/v1/items`, json({ name: 'kept' }, 'POST', { 'idempotency-key': key }));
  const key = randomUUID();
  await post(key);
  expect(await stored.hasKey(key)).toBe(true);
  await stored.ageKey(key);
  await post(randomUUID());
  expect(await stored.hasKey(key)).toBe(false);
  await stop();
  await stored.close();
});
