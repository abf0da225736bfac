import { tracingChannel } from 'node:diagnostics_channel';
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** Makes a span of each call that a client library announces on a tracing channel. */
export function traceCalls<Call extends object>(
  channel: string,
  system: string,
  describe: (call: Call) => string,
): void {
  const tracer = trace.getTracer(channel);
  const spans = new WeakMap<object, Span>();
  tracingChannel<string, Call>(channel).subscribe({
    start(call) {
      // Without a request around it, it is the watch of the dependencies, which nobody wants to see.
      if (trace.getActiveSpan() === undefined) return;
      const query = describe(call);
      const attributes = { 'db.system.name': system, 'db.query.text': query };
      const [operation] = query.trimStart().split(/\s/, 1);
      spans.set(call, tracer.startSpan(`${operation} ${system}`, { kind: SpanKind.CLIENT, attributes }));
    },
    end() {},
    asyncStart() {},
    asyncEnd(call) {
      spans.get(call)?.end();
    },
    error(call) {
      spans.get(call)?.setStatus({ code: SpanStatusCode.ERROR });
    },
  });
}
