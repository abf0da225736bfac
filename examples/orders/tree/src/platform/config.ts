import { commonSettings, commonVariables } from './common-config.ts';
import { checkDatabase, databaseSettings, databaseVariables } from './database-config.ts';
import {
  ConfigurationError,
  choice,
  type Environment,
  isNetwork,
  list,
  readValues,
  text,
  whole,
} from './environment.ts';
import { cacheSettings, cacheVariables } from './redis-config.ts';

const host = text('0.0.0.0').regex(/^[\w.:%-]+$/, 'must be an address or a host name');

const variables = {
  ...commonVariables,
  HOST: host.default('0.0.0.0'),
  PORT: whole(1, 65_535, 3000),
  METRICS_HOST: host.default('0.0.0.0'),
  METRICS_PORT: whole(1, 65_535, 9464),
  REQUEST_TIMEOUT_SECONDS: whole(1, 3600, 15),
  BODY_LIMIT_BYTES: whole(1, 1_073_741_824, 1_048_576),
  RATE_LIMIT_PER_MINUTE: whole(0, 10_000_000, 600),
  TRUSTED_PROXIES: list('10.0.0.0/8,fd00::/8', isNetwork, 'must be addresses or CIDR networks, separated by commas'),
  CORS_ALLOWED_ORIGINS: list(
    'https://app.example.com',
    (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
    'must be exact origins, separated by commas',
  ),
  READY_CHECKS: choice(['startup', 'continuous']).default('startup'),
  SHUTDOWN_DELAY_SECONDS: whole(0, 3600, 0),
  SHUTDOWN_GRACE_SECONDS: whole(1, 7200, 25),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('http://localhost:4318')
    .regex(/^https?:\/\/\S+$/, 'must be an http or https URL')
    .optional(),
  ...cacheVariables,
  ...databaseVariables,
};

export type Config<Feature extends string = string> = ReturnType<typeof loadConfig<Feature>>;

/** Reads the whole configuration, or throws one error that tells every problem. */
export function loadConfig<Feature extends string>(source: Environment, features: readonly Feature[]) {
  const { env, problems, values } = readValues(source, variables);
  for (const name of Object.keys(env).filter((key) => key.startsWith('FEATURE_'))) {
    if (!['true', 'false'].includes(env[name] ?? '')) problems.push({ name, message: 'must be true or false' });
  }
  if (values.PORT !== undefined && values.PORT === values.METRICS_PORT) {
    problems.push({ name: 'METRICS_PORT', message: 'must be another port than PORT' });
  }
  const grace = values.SHUTDOWN_DELAY_SECONDS + values.REQUEST_TIMEOUT_SECONDS + 5;
  if (grace > values.SHUTDOWN_GRACE_SECONDS) {
    const sum = 'SHUTDOWN_DELAY_SECONDS + REQUEST_TIMEOUT_SECONDS + 5';
    problems.push({ name: 'SHUTDOWN_GRACE_SECONDS', message: `must be at least ${sum} = ${grace}` });
  }
  problems.push(...checkDatabase(env));
  if (problems.length > 0) throw new ConfigurationError(problems, variables);

  const common = commonSettings(values);
  return {
    ...common,
    host: values.HOST,
    port: values.PORT,
    metricsHost: values.METRICS_HOST,
    metricsPort: values.METRICS_PORT,
    requestTimeout: values.REQUEST_TIMEOUT_SECONDS * 1000,
    bodyLimit: values.BODY_LIMIT_BYTES,
    rateLimit: values.RATE_LIMIT_PER_MINUTE,
    trustedProxies: values.TRUSTED_PROXIES,
    allowedOrigins: values.CORS_ALLOWED_ORIGINS,
    readyChecks: values.READY_CHECKS,
    shutdownDelay: values.SHUTDOWN_DELAY_SECONDS * 1000,
    shutdownGrace: values.SHUTDOWN_GRACE_SECONDS * 1000,
    tracing: values.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
    features: Object.fromEntries(features.map((name) => [name, env[`FEATURE_${name}`] === 'true'])) as Record<
      Feature,
      boolean
    >,
    cache: cacheSettings(source),
    database: databaseSettings(source, values, common.class),
  };
}
