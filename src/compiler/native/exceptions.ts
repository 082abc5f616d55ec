/**
 * Exceptions of guests in native code. There they are exceptions of the host's with one tag, which carry the runtime's own (`Exception`): so
 * `catch` of that tag sees each of them, and nothing of what makes frames leave or ends the run. Which handler takes one the runtime tells.
 */
import type { Exception } from '../../runtime';
import type { HostWebAssembly } from './host';

export class GuestExceptions {
  /** What emitted modules import. */
  readonly tag: object;
  private readonly host: HostWebAssembly;

  private constructor(host: HostWebAssembly) {
    this.host = host;
    this.tag = new host.Tag!({ parameters: ['externref'] });
  }

  private static readonly known = new WeakMap<HostWebAssembly, GuestExceptions>();
  static of(host: HostWebAssembly): GuestExceptions {
    let found = GuestExceptions.known.get(host);
    if (found === undefined) {
      found = new GuestExceptions(host);
      GuestExceptions.known.set(host, found);
    }
    return found;
  }

  /** As it goes through native frames. */
  wrapped(exception: Exception): object {
    return new this.host.Exception!(this.tag, [exception]);
  }
  /** What has come out of native frames, if it is one. */
  unwrapped(thrown: unknown): Exception | undefined {
    const { host, tag } = this;
    return thrown instanceof host.Exception! && thrown.is(tag)
      ? (thrown.getArg(tag, 0) as Exception)
      : undefined;
  }
}
