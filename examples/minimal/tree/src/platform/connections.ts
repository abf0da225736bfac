import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import net, { type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionError } from 'fastify';
import type { Logger } from 'pino';
import { problemBody } from './problems.ts';

const STATUS_OF: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers what Node could not even parse. */
export function answerClientError(log: Logger) {
  return (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const request_id = randomUUID();
    const status = STATUS_OF[error.code] ?? 400;
    const body = problemBody(status, request_id, 'The request is not valid HTTP.');
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Content-Type: application/problem+json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        `X-Request-ID: ${request_id}`,
        'Cache-Control: no-store',
        'X-Content-Type-Options: nosniff',
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
    log.info(
      { request_id, client_address: socket.remoteAddress, status, reason: error.code },
      'request is not valid HTTP',
    );
  };
}

/** Counts what is being answered, so that a shutdown knows when it may end. */
export class Connections {
  readonly #server: Server;
  #active = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on('request', (_request, response) => {
      this.#active += 1;
      response.once('close', () => {
        this.#active -= 1;
      });
    });
    // Node would answer an expectation that it does not know with an empty 417.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  }

  /** Stops listening, lets requests in flight finish, and closes connections once they are idle. */
  async drain(): Promise<void> {
    // The close of node:http would cut idle connections at once, some of them with a request on its way.
    net.Server.prototype.close.call(this.#server);
    for (let quiet = 0; quiet < 5; quiet = this.#active === 0 ? quiet + 1 : 0) {
      await sleep(100);
      if (quiet > 2) this.#server.closeIdleConnections();
    }
    this.#server.closeAllConnections();
  }
}
