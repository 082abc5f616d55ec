/** What stands in for a descriptor whose file or connection could not come along. */
import * as ERRNO from '../errno';
import type { StreamHandle } from '../host';

export function detachedStream(): StreamHandle {
  return {
    kind: 'stream',
    stat: () => ERRNO.IO,
    read: () => -ERRNO.IO,
    write: () => -ERRNO.IO,
    // Ready, so that a poll does not wait for ever for what cannot come.
    available: () => 0,
    writable: () => true,
    close: () => undefined,
  };
}
