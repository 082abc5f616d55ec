/**
 * Walking a guest's path below a directory handle: the sandbox. Each component is opened from the handle of the one before it, never
 * following a symbolic link; links are read and walked by these same rules; `..` goes back to the handle that the walk came from, so
 * nothing that is renamed meanwhile can lead above the start. Absolute paths and links, and `..` at the start, give PERM.
 */
import type { Errno } from './abi';
import type { Descriptor, DescriptorOf, Place } from './descriptors';
import * as ERRNO from './errno';
import type { DirectoryHandle } from './host';
import { answerOf, given, refuse } from './refusal';

/** As Linux. */
const MAX_LINKS = 40;

/** The last component: `name` in `directory` ('.' is the directory itself), not looked up yet. */
export interface Target extends Place {
  readonly directory: DirectoryHandle;
  readonly name: string;
  /** The path ended in a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

/** What an operation returns when it met a symbolic link that is to be followed. */
export const FOLLOW = -2;
/** An errno (an operation may also give a handle through its closure). */
export type Outcome = Errno | typeof FOLLOW;

/** Runs `operation` on the last component of `path`. When it gives FOLLOW, the walk goes on through the link and runs it again. */
export function atPath(
  base: DescriptorOf<DirectoryHandle>,
  path: string,
  operation: (target: Target) => Outcome,
): Errno {
  const walk = new Walk(base);
  try {
    return answerOf(() => walk.run(path, operation));
  } finally {
    walk.close();
  }
}

class Walk {
  /** Handles from the start down to where the walk is; the first belongs to the descriptor. */
  private readonly handles: DirectoryHandle[];
  private readonly names: string[] = [];
  private links = 0;

  constructor(private readonly base: Descriptor & { handle: DirectoryHandle }) {
    this.handles = [base.handle];
  }

  run(path: string, operation: (target: Target) => Outcome): Errno {
    if (path === '') refuse(ERRNO.NOENT);
    let rest = path;
    let mustBeDirectory = false;
    for (;;) {
      if (rest.startsWith('/')) refuse(ERRNO.PERM);
      if (rest.endsWith('/') || rest.endsWith('/.')) mustBeDirectory = true;
      const components = componentsOf(rest);
      const last = components.length > 0 && components.at(-1) !== '..' ? components.pop()! : '.';
      this.descend(components);
      const target = this.target(last, mustBeDirectory);
      const outcome = answerOf(() => operation(target));
      if (outcome !== FOLLOW) return outcome;
      rest = given(this.readLink(last));
    }
  }

  private get here(): DirectoryHandle {
    return this.handles[this.handles.length - 1];
  }

  private target(name: string, mustBeDirectory: boolean): Target {
    const names = [...(this.base.path === '' ? [] : [this.base.path]), ...this.names];
    if (name !== '.') names.push(name);
    return { directory: this.here, name, mustBeDirectory, root: this.base.root, path: names.join('/') };
  }

  private descend(components: readonly string[]): void {
    for (const component of components) {
      if (component === '..') this.up();
      else this.down(component);
    }
  }

  private up(): void {
    if (this.handles.length === 1) refuse(ERRNO.PERM);
    this.handles.pop()!.close();
    this.names.pop();
  }

  private down(name: string): void {
    const next = this.here.openDirectory(name);
    if (typeof next !== 'number') {
      this.handles.push(next);
      this.names.push(name);
      return;
    }
    if (next !== ERRNO.NOTDIR && next !== ERRNO.LOOP) refuse(next);
    const link = this.readLink(name);
    const target = given(link === ERRNO.INVAL ? ERRNO.NOTDIR : link);
    if (target.startsWith('/')) refuse(ERRNO.PERM);
    this.descend(componentsOf(target));
  }

  /** Counts against the limit, so that no ring of links is walked for ever. */
  private readLink(name: string): string | Errno {
    if (++this.links > MAX_LINKS) return ERRNO.LOOP;
    const link = this.here.readLink(name);
    return link === '' ? ERRNO.NOENT : link;
  }

  close(): void {
    for (let i = 1; i < this.handles.length; i++) this.handles[i].close();
  }
}

function componentsOf(path: string): string[] {
  return path.split('/').filter((component) => component !== '' && component !== '.');
}
