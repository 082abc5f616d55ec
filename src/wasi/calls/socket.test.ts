import { beforeEach, expect, it } from 'vitest';
import * as ERRNO from '../errno';
import type { SocketHandle } from '../host';
import { nullStream } from '../streams';
import { type FakeGuest, FakeHost, fakeGuest } from '../testing';

/** A connection that gives `chunks` one at a time; between two of them a read would wait once. */
function connection(chunks: string[]): SocketHandle & { sent: string; how: number; closed: boolean } {
  let waits = 1;
  return {
    ...nullStream(),
    kind: 'socket',
    listening: false,
    sent: '',
    how: 0,
    closed: false,
    accept: () => ERRNO.INVAL,
    peek(buffers) {
      const chunk = chunks[0] ?? '';
      const count = Math.min(chunk.length, buffers[0].length);
      buffers[0].set(Buffer.from(chunk.slice(0, count)));
      return count;
    },
    read(buffers) {
      if (waits-- > 0) return -ERRNO.AGAIN;
      const count = this.peek(buffers);
      chunks[0] = chunks[0]?.slice(count) ?? '';
      if (chunks[0] === '') {
        chunks.shift();
        waits = 1;
      }
      return count;
    },
    write(buffers) {
      for (const buffer of buffers) this.sent += Buffer.from(buffer).toString();
      return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    },
    shutdown(how) {
      this.how |= how;
      return 0;
    },
    close() {
      this.closed = true;
    },
  };
}

function listener(queue: SocketHandle[]): SocketHandle {
  let waits = 1;
  return {
    ...connection([]),
    listening: true,
    accept: () => (waits-- > 0 ? ERRNO.AGAIN : (queue.shift() ?? ERRNO.AGAIN)),
  };
}

let g: FakeGuest;
let peer: ReturnType<typeof connection>;
beforeEach(() => {
  peer = connection(['hello ', 'world']);
  g = fakeGuest({ host: new FakeHost(), sockets: [listener([peer])], blocking: false });
});
const accept = async () => {
  expect(await g.wait('sock_accept', 3, 0, 4000)).toBe('ESUCCESS');
  return g.u32(4000);
};
const receive = async (fd: number, length: number, flags = 0) => {
  const buffer = g.place(new Uint8Array(length));
  const errno = await g.wait('sock_recv', fd, ...g.iovs(buffer), flags, 4000, 4010);
  return errno === 'ESUCCESS' ? g.text(buffer[0], g.u32(4000)) : errno;
};

it('accepts, receives, sends and shuts down', async () => {
  const fd = await accept();
  expect(fd).toBe(4);
  expect(await receive(fd, 3)).toBe('hel');
  expect(await receive(fd, 2, 1)).toBe('lo');
  expect(await receive(fd, 100)).toBe('lo ');
  expect(await receive(fd, 100)).toBe('world');
  expect(g.call('sock_send', fd, ...g.iovs(g.place('ab'), g.place('c')), 0, 4000)).toBe('ESUCCESS');
  expect([peer.sent, g.u32(4000)]).toEqual(['abc', 3]);
  expect(g.write(fd, 'd')).toBe(1);
  expect(g.call('sock_shutdown', fd, 2)).toBe('ESUCCESS');
  expect(peer.how).toBe(2);
  expect(g.call('fd_close', fd)).toBe('ESUCCESS');
  expect(peer.closed).toBe(true);
});

it('waits for all when asked', async () => {
  expect(await receive(await accept(), 8, 2)).toBe('hello wo');
});

it('refuses what makes no sense', async () => {
  const fd = await accept();
  expect(g.call('sock_shutdown', fd, 0)).toBe('EINVAL');
  expect(g.call('sock_shutdown', fd, 4)).toBe('EINVAL');
  expect(g.call('sock_shutdown', 1, 1)).toBe('ENOTSOCK');
  expect(g.call('sock_accept', 1, 0, 4000)).toBe('ENOTSOCK');
  expect(g.call('sock_accept', fd, 0, 4000)).toBe('EINVAL');
  expect(g.call('sock_accept', 3, 999, 4000)).toBe('EINVAL');
  expect(g.call('sock_recv', fd, 0, 0, 8, 4000, 4010)).toBe('EINVAL');
  expect(g.call('sock_send', fd, 0, 0, 1, 4000)).toBe('EINVAL');
  expect(() => g.call('sock_recv', fd, 0, 0, 0, 4000, 65535)).toThrow('out of bounds');
});

it('a non-blocking listener says AGAIN', async () => {
  g = fakeGuest({ sockets: [listener([])] });
  g.call('fd_fdstat_set_flags', 3, 4);
  expect(g.call('sock_accept', 3, 0, 4000)).toBe('EAGAIN');
});
