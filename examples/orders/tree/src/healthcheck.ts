/** Asks the service beside it whether it lives, or with --ready whether it is ready. Loads nothing else of it. */
const { HOST = '', PORT } = process.env;
const path = process.argv.includes('--ready') ? '/ready' : '/live';
// A wildcard is no address to ask.
const host = ['', '0.0.0.0'].includes(HOST) ? '127.0.0.1' : HOST === '::' ? '::1' : HOST;
const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT || 3000}${path}`;
try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(2000) });
  process.exitCode = ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
