import { choice, type Environment, readValues, text, type ValuesOf } from './environment.ts';

/** Every environment of this service, and how it behaves. */
const environments = new Map<string, 'development' | 'staging' | 'production'>([
  ['development', 'development'],
  ['staging', 'staging'],
  ['production', 'production'],
]);

/** What every command of this service reads. */
export const commonVariables = {
  APP_ENV: choice([...environments.keys()]).default('development'),
  APP_VERSION: text('1.2.3').default('0.0.0'),
  LOG_LEVEL: choice(['debug', 'info', 'warn', 'error']).default('info'),
};

export function commonSettings(values: ValuesOf<typeof commonVariables>) {
  return {
    service: 'orders',
    environment: values.APP_ENV,
    class: environments.get(values.APP_ENV) ?? 'production',
    version: values.APP_VERSION,
    logLevel: values.LOG_LEVEL,
  };
}

/** Enough to log why the configuration is not valid, this part of it included. */
export function readCommonSettings(source: Environment) {
  const { values } = readValues(source, commonVariables);
  return commonSettings({ ...values, LOG_LEVEL: values.LOG_LEVEL ?? 'info' });
}
