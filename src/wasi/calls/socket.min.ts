/** For `socket.ts` where the host has no sockets: whatever is named is none. scripts/small-parts.mjs puts it in its place. */
import type { Handler } from '../context';
import * as ERRNO from '../errno';

const notSocket: Handler = (w, c) =>
  w.descriptors.need(c.u32(0), 0).handle.kind === 'socket' ? ERRNO.NOTSUP : ERRNO.NOTSOCK;
export const sockAccept = notSocket;
export const sockRecv = notSocket;
export const sockSend = notSocket;
export const sockShutdown = notSocket;
