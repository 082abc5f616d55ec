/** Sockets that the host has opened beforehand: preview 1 has no way to make one. */
import { ALL_FDFLAGS, FDFLAGS, RIFLAGS, SDFLAGS } from '../abi';
import type { Handler } from '../context';
import { makeDescriptor } from '../descriptors';
import * as ERRNO from '../errno';
import * as RIGHTS from '../rights';
import { total } from '../streams';
import { untilStream } from './io';

export const sockAccept: Handler = (w, c) => {
  const flags = c.u32(1);
  const result = c.u32(2);
  w.memory(c).check(result, 4);
  const listener = w.descriptors.socket(c.u32(0), RIGHTS.SOCK_ACCEPT);
  if ((flags & ~ALL_FDFLAGS) !== 0) return ERRNO.INVAL;
  return w.untilReady(() => {
    if (!w.descriptors.hasRoom()) return ERRNO.MFILE;
    const connection = listener.handle.accept();
    if (connection === ERRNO.AGAIN && (listener.flags & FDFLAGS.NONBLOCK) === 0) {
      return untilStream(listener.handle, false);
    }
    if (typeof connection === 'number') return connection;
    w.memory(c).setU32(result, w.descriptors.add(makeDescriptor(connection, { flags })));
    return ERRNO.SUCCESS;
  });
};

export const sockRecv: Handler = (w, c) => {
  const [data, dataLength, flags] = [c.u32(1), c.u32(2), c.u32(3)];
  const [size, roflags] = [c.u32(4), c.u32(5)];
  w.memory(c).check(size, 4);
  w.memory(c).check(roflags, 2);
  const socket = w.descriptors.socket(c.u32(0), RIGHTS.FD_READ);
  if ((flags & ~(RIFLAGS.PEEK | RIFLAGS.WAITALL)) !== 0) return ERRNO.INVAL;
  let received = 0;
  return w.untilReady(() => {
    const memory = w.memory(c);
    const buffers = skip(memory.buffers(data, dataLength), received);
    const count = (flags & RIFLAGS.PEEK) !== 0 ? socket.handle.peek(buffers) : socket.handle.read(buffers);
    if (count === -ERRNO.AGAIN && (socket.flags & FDFLAGS.NONBLOCK) === 0) {
      return untilStream(socket.handle, false);
    }
    if (count < 0 && received === 0) return -count;
    received += Math.max(0, count);
    const more = (flags & RIFLAGS.WAITALL) !== 0 && count > 0 && count < total(buffers);
    if (more && (flags & RIFLAGS.PEEK) === 0) return untilStream(socket.handle, false);
    memory.setU32(size, received);
    memory.setU16(roflags, 0);
    return ERRNO.SUCCESS;
  });
};

/** The buffers without their first `count` bytes. */
function skip(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (count < buffer.length) rest.push(buffer.subarray(count));
    count = Math.max(0, count - buffer.length);
  }
  return rest;
}

export const sockSend: Handler = (w, c) => {
  const [data, dataLength, size] = [c.u32(1), c.u32(2), c.u32(4)];
  w.memory(c).check(size, 4);
  const socket = w.descriptors.socket(c.u32(0), RIGHTS.FD_WRITE);
  if (c.u32(3) !== 0) return ERRNO.INVAL;
  return w.untilReady(() => {
    const memory = w.memory(c);
    const count = socket.handle.write(memory.buffers(data, dataLength));
    if (count === -ERRNO.AGAIN && (socket.flags & FDFLAGS.NONBLOCK) === 0) {
      return untilStream(socket.handle, true);
    }
    if (count < 0) return -count;
    memory.setU32(size, count);
    return ERRNO.SUCCESS;
  });
};

export const sockShutdown: Handler = (w, c) => {
  const socket = w.descriptors.socket(c.u32(0), RIGHTS.SOCK_SHUTDOWN);
  const how = c.u32(1);
  if (how === 0 || (how & ~(SDFLAGS.RD | SDFLAGS.WR)) !== 0) return ERRNO.INVAL;
  return socket.handle.shutdown(how);
};
