import { ConfigurationError, type Environment, readSecrets, type Variables } from './environment.ts';

/** Reads secrets again, because a file may have been rotated since. */
export function rereadSecrets(source: Environment, variables: Variables): Environment {
  const [env, problems] = readSecrets(source, variables);
  if (problems.length > 0) throw new ConfigurationError(problems, variables);
  return env;
}
