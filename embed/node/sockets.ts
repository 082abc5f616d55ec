/** Stream sockets for a guest. Node's sockets live on the event loop, so they need runs that do not block it. */
import net from 'node:net';
import { ERRNO, type Errno, FILETYPE, type FileStat, type SocketHandle } from '../../src/wasi/index';
import { bareStat, type NodePollable, ReadableStream, WritableStream } from './streams';

const SHUTDOWN_READ = 1;
const SHUTDOWN_WRITE = 2;

/** A listening socket on `host:port` (port 0: any free one). */
export function listen(host: string, port: number): Promise<NodeListener> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ pauseOnConnect: true });
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve(new NodeListener(server));
    });
  });
}

export class NodeListener implements SocketHandle, NodePollable {
  readonly kind = 'socket';
  readonly listening = true;
  private readonly queue: net.Socket[] = [];
  private readonly connections = new Set<net.Socket>();

  constructor(private readonly server: net.Server) {
    server.on('connection', (socket) => {
      this.queue.push(socket);
    });
  }

  /** Where it listens. */
  get address(): net.AddressInfo {
    return this.server.address() as net.AddressInfo;
  }

  stat(): FileStat {
    return bareStat(FILETYPE.SOCKET_STREAM);
  }

  accept(): SocketHandle | Errno {
    const socket = this.queue.shift();
    if (socket === undefined) return ERRNO.AGAIN;
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    return new NodeConnection(socket);
  }

  available(): number {
    return this.queue.length > 0 ? 1 : -1;
  }
  writable(): boolean {
    return false;
  }
  onReady(_write: boolean, callback: () => void): () => void {
    this.server.once('connection', callback);
    return () => this.server.removeListener('connection', callback);
  }

  read(): number {
    return -ERRNO.NOTCONN;
  }
  peek(): number {
    return -ERRNO.NOTCONN;
  }
  write(): number {
    return -ERRNO.NOTCONN;
  }
  shutdown(): Errno {
    return ERRNO.NOTCONN;
  }
  close(): void {
    this.server.close();
    for (const socket of this.queue.splice(0)) socket.destroy();
  }

  /** Until what was written to all its connections has left, or so many milliseconds have passed. */
  async flushed(timeout: number): Promise<void> {
    const open = [...this.connections].filter((socket) => !socket.destroyed);
    const closing = open.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const late = new Promise((resolve) => setTimeout(resolve, timeout).unref());
    for (const socket of open) socket.end();
    await Promise.race([Promise.all(closing), late]);
  }
}

export class NodeConnection implements SocketHandle, NodePollable {
  readonly kind = 'socket';
  readonly listening = false;
  private readonly input: ReadableStream;
  private readonly output: WritableStream;
  private readable = true;

  constructor(private readonly socket: net.Socket) {
    this.input = new ReadableStream(socket, FILETYPE.SOCKET_STREAM);
    this.output = new WritableStream(socket, FILETYPE.SOCKET_STREAM);
  }

  stat(): FileStat {
    return bareStat(FILETYPE.SOCKET_STREAM);
  }
  accept(): Errno {
    return ERRNO.INVAL;
  }
  read(buffers: readonly Uint8Array[]): number {
    return this.readable ? this.input.read(buffers) : 0;
  }
  peek(buffers: readonly Uint8Array[]): number {
    return this.readable ? this.input.peek(buffers) : 0;
  }
  available(): number {
    return this.readable ? this.input.available() : 0;
  }
  write(buffers: readonly Uint8Array[]): number {
    return this.output.write(buffers);
  }
  writable(): boolean {
    return this.output.writable();
  }
  onReady(write: boolean, callback: () => void): () => void {
    return (write ? this.output : this.input).onReady(write, callback);
  }
  shutdown(how: number): Errno {
    if ((how & SHUTDOWN_READ) !== 0) this.readable = false;
    if ((how & SHUTDOWN_WRITE) !== 0) this.socket.end();
    return ERRNO.SUCCESS;
  }
  close(): void {
    this.socket.destroySoon();
  }
}
