/** The host's memories that the memories of an instance lie in, held as long as native code of it may run. */
import type { Instance } from '../../runtime';

export class HeldMemories {
  /** By their indices. */
  readonly memories: readonly (object | undefined)[];
  /** Whether they are shared ones: there is one at most (refusals.ts). */
  readonly isShared: boolean;
  /** The bytes lie elsewhere: native code of the instance must not run any more. */
  haveMoved = false;
  private readonly instance: Instance;
  private readonly cramps: number;
  private readonly moved = (): void => {
    this.haveMoved = true;
  };

  private constructor(instance: Instance) {
    this.instance = instance;
    this.cramps = crampsOf(instance);
    const held = instance.memories.map((memory) => memory.holdHost(this.moved));
    this.haveMoved = held.includes(undefined);
    this.memories = held.map((one) => one?.host);
    this.isShared = held.some((one) => one?.isShared);
  }

  /** Undefined where one is not in a memory of the host, and cannot be. */
  static of(instance: Instance): HeldMemories | undefined {
    const held = new HeldMemories(instance);
    if (!held.haveMoved) return held;
    held.letGo();
    return undefined;
  }

  /** Whether one of them wants to be elsewhere by now, when nothing that holds it runs natively. */
  get areCramped(): boolean {
    return crampsOf(this.instance) > this.cramps;
  }

  letGo(): void {
    this.haveMoved = true;
    for (const memory of this.instance.memories) memory.letGoOfHost(this.moved);
  }
}

function crampsOf({ memories }: Instance): number {
  let cramps = 0;
  for (let k = 0; k < memories.length; k++) cramps += memories[k].cramps;
  return cramps;
}
