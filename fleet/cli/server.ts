/** An application on a port of this machine. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { FleetError } from '../protocol/errors';
import { UsageError } from './options';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface Address {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

/** In PEM: a certificate with those above it, and its key. */
export interface TlsFiles {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

/** Both or neither. */
export async function tlsIn(
  cert: string | undefined,
  key: string | undefined,
): Promise<TlsFiles | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('--tls-cert and --tls-key go together');
  return { cert: await readFile(cert), key: await readFile(key) };
}

export function listen(app: Pick<Hono, 'fetch'>, { hostname, port, tls }: Address): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const secure = tls && {
      createServer,
      serverOptions: { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) },
    };
    const server = serve({ fetch: app.fetch, hostname, port, ...secure }, (info) => {
      resolve({
        port: info.port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            (server as Server).closeAllConnections();
          }),
      });
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new FleetError(
            'unavailable',
            `port ${port} of ${hostname} is taken: choose another one with --port`,
          ),
        );
      else if (error.code === 'EACCES')
        reject(new FleetError('forbidden', `port ${port} of ${hostname} may not be used by this user`));
      else reject(error);
    });
  });
}
