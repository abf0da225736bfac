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
