import { expect, it } from 'vitest';
import { eventually, json, startReadyService } from '../support/service.ts';

it('is cached until somebody writes it', async () => {
  const { address, stop } = await startReadyService();
  const created = await fetch(`${address}/api/v1/items`, json({ name: 'cached' }));
  const item = `${address}${created.headers.get('location')}`;
  const read = async () => {
    const response = await fetch(item);
    return [response.headers.get('x-cache'), response.headers.get('etag')];
  };
  await eventually(async () => (await read())[0] === 'hit');
  const changed = await fetch(item, json({ name: 'changed' }, 'PATCH'));
  expect(await read()).toEqual(['miss', changed.headers.get('etag')]);
  expect(await read()).toEqual(['hit', changed.headers.get('etag')]);
  await fetch(item, { method: 'DELETE' });
  expect((await fetch(item)).status).toBe(404);
  await stop();
});
