/** A line between an agent and a house in this process, whose bytes can be looked at, changed and counted. */
import { nodeWorld } from '../agent/node-world';
import type { Connect } from '../bridge/house';
import { type Ground, serveAgent } from '../bridge/served';

export class TestLine {
  /** Frames that went over it, both ways. */
  frames = 0;
  /** Changes what goes over it. */
  bend: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  starts = 0;
  private cut: (reason: string) => void = () => undefined;

  readonly connect: Connect = (take, ended) => {
    this.starts++;
    let open = true;
    this.cut = (reason) => {
      open = false;
      ended(reason);
    };
    const ground: Ground = { clock: nodeWorld, wasiHost: () => nodeWorld.wasiHost(), engine: 'test' };
    // What has been written comes later, however the other end is doing.
    const carry = (to: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
      this.frames++;
      const carried = this.bend(bytes.slice());
      setImmediate(() => {
        if (open) to(carried);
      });
    };
    const serve = serveAgent(ground, carry(take));
    const send = carry((bytes) => {
      try {
        serve(bytes);
      } catch {
        this.cut('has ended');
      }
    });
    return {
      send,
      close: () => {
        open = false;
      },
    };
  };

  /** As when the engine is killed. */
  kill(): void {
    this.cut('has been killed');
  }
}
