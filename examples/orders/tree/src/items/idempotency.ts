import { HttpProblem } from '../platform/problems.ts';

/** Tells a retry from another request that reuses its key. */
export type Idempotency = { key: string; fingerprint: Buffer };

export const stillRunning = () => new HttpProblem(409, 'A request with this Idempotency-Key is still running.');

export const otherBody = () =>
  new HttpProblem(422, 'This Idempotency-Key was used with another body.', {
    errors: [{ field: 'Idempotency-Key', detail: 'was used with another body' }],
  });
