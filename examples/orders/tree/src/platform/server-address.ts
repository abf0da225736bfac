import { ConfigurationError, type Environment, readSecrets, type Variables } from './environment.ts';

/** The decoded parts of a URL such as scheme://user:password@host:port/name; undefined when it is none. */
export function parseAddress(url: string, ...protocols: string[]) {
  try {
    const { hostname, password, pathname, port, protocol, search, username } = new URL(url);
    if (hostname === '' || search !== '' || !protocols.includes(protocol)) return undefined;
    return {
      protocol,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      path: decodeURIComponent(pathname.slice(1)),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } catch {
    return undefined;
  }
}

/** Reads secrets again, because a file may have been rotated since. */
export function rereadSecrets(source: Environment, variables: Variables): Environment {
  const [env, problems] = readSecrets(source, variables);
  if (problems.length > 0) throw new ConfigurationError(problems, variables);
  return env;
}
