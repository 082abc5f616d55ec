/** An application on a port of this machine. */
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { FleetError } from '../protocol/errors';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface Address {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
}

export function listen(app: Hono, { hostname, port }: Address): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, (info) => {
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
