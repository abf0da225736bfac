import { FastifyOtelInstrumentation } from '@fastify/otel';
import { context, propagation, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyRequest } from 'fastify';
import type { Config } from './config.ts';
import { routePattern } from './requests.ts';

export type Tracing = ReturnType<typeof startTracing>;

/** Imported only when an OTLP endpoint is configured. */
export function startTracing({ service, version, environment }: Config) {
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': service,
        'service.version': version,
        'deployment.environment.name': environment,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    sampler: sampler(process.env.OTEL_TRACES_SAMPLER, Number(process.env.OTEL_TRACES_SAMPLER_ARG ?? 1)),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );

  const instrumentation = new FastifyOtelInstrumentation({ instrumentHooks: false, requestHook: describeRequest });
  instrumentation.setTracerProvider(provider);
  return { plugin: instrumentation.plugin(), close: () => provider.shutdown() };
}

function describeRequest(span: Span, request: FastifyRequest): void {
  const route = routePattern(request);
  span.updateName(route === 'unmatched' ? request.method : `${request.method} ${route}`);
  // The plugin's own value has the query string in it.
  span.setAttribute('url.path', request.url.split('?')[0] ?? '/');
  const { traceId, spanId } = span.spanContext();
  request.log = request.log.child({ trace_id: traceId, span_id: spanId });
}

function sampler(name: string | undefined, ratio: number): Sampler {
  const byRatio = () => new TraceIdRatioBasedSampler(ratio);
  const samplers: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: byRatio,
    parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    parentbased_traceidratio: () => new ParentBasedSampler({ root: byRatio() }),
  };
  return samplers[name ?? '']?.() ?? new ParentBasedSampler({ root: new AlwaysOnSampler() });
}
