import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** RFC 9457: the body of every answer that is an error. */
const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().meta({ type: 'integer' }),
    detail: z.string().optional(),
    request_id: z.string(),
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
type FieldError = { field: string; detail: string };

/** What a route may answer beside its success, for the API's description; any route may answer 429 and 503. */
export function problems<const Status extends number>(...codes: Status[]) {
  const answer = (status: number) => ({
    description: STATUS_CODES[status],
    content: { 'application/problem+json': { schema: problemSchema } },
  });
  const answers = [...codes, 429, 503].map((status) => [status, answer(status)]);
  return Object.fromEntries(answers) as Record<Status | 429 | 503, ReturnType<typeof answer>>;
}

/** Thrown anywhere in a request, it becomes its answer. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly errors: FieldError[] | undefined;

  constructor(
    status: number,
    detail: string,
    more: { headers?: Record<string, string>; errors?: FieldError[]; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.status = status;
    this.headers = more.headers ?? {};
    this.errors = more.errors;
  }
}

export const unavailable = (detail: string, cause?: unknown) =>
  new HttpProblem(503, detail, { headers: { 'retry-after': '2' }, cause });

export function problemBody(status: number, requestId: string, detail?: string, errors?: FieldError[]): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
    request_id: requestId,
    errors,
  });
}

export function sendError(error: FastifyError | HttpProblem, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  if (problem === undefined) request.log.error({ err: error }, 'request failed');
  const { status, message, headers, errors } = problem ?? new HttpProblem(500, 'Something went wrong on our side.');
  return reply
    .code(status)
    .headers(headers)
    .type('application/problem+json')
    .send(problemBody(status, request.id, message, errors));
}

function toProblem(error: FastifyError | HttpProblem): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (error.validation !== undefined) {
    if (error.validationContext === 'params') return new HttpProblem(404, 'There is nothing here.');
    const errors = error.validation.map(({ instancePath, message, params }) => ({
      field:
        [instancePath.slice(1), ...((params.keys as string[] | undefined) ?? [])].filter(Boolean).join(', ') || 'body',
      detail: message ?? 'is not valid',
    }));
    const part = error.validationContext === 'querystring' ? 'query' : (error.validationContext ?? 'request');
    return new HttpProblem(422, `The ${part} is not valid.`, { errors });
  }
  const status = error.statusCode ?? 500;
  if (status === 415) return new HttpProblem(status, 'The body must be application/json.');
  return status < 500 ? new HttpProblem(status, error.message) : undefined;
}
