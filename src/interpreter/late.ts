/**
 * Cold code that is made late: of a long function most blocks never run, so each becomes closures when it is first entered, or when somebody
 * looks for a place in it. A late block gives what it has become to the trampoline: no chain of calls leads through it. Those that run
 * again and again are made once more, as a chain; the others stay late, and what runs later joins the next chain.
 */
import type { Blocks } from './blocks';
import { registers } from './registers';
import type { Step } from './step';

/**
 * A turn of the trampoline costs about a thirtieth of what making a statement's closures does, with a JIT and without. So blocks are chained
 * when they have cost about as much as that takes.
 */
const TURNS_PER_STATEMENT = 32;

/** Who makes blocks (assemble.ts). A block goes on in those behind it as they are at that time. */
export interface BlockMaker {
  /** The block's closures, to which blocks before it go from now on. In a loop it is the code behind the header. */
  make(k: number): Step;
  /** The code begins with the first block as it is now. */
  begin(): void;
}

export class LateBlocks {
  private readonly blocks: Blocks;
  private readonly maker: BlockMaker;
  /** What they have become. */
  private made: (Step | undefined)[] = [];
  /** Turns of the trampoline until those that have run are chained. */
  private turns = 0;

  constructor(blocks: Blocks, maker: BlockMaker) {
    this.blocks = blocks;
    this.maker = maker;
  }

  /** A step to the block, for those that go there before it is made. */
  step(k: number): Step {
    return () => this.enter(k);
  }

  private enter(k: number): Step {
    const step = this.made[k];
    if (step === undefined) return this.make(k);
    // A whole function is not made between two safepoints where somebody may want to stop.
    if (--this.turns > 0 || registers.lowering < Number.POSITIVE_INFINITY) return step;
    this.chain();
    return this.made[k]!;
  }

  private make(k: number): Step {
    const step = this.maker.make(k);
    if (this.made.length === 0) this.made = new Array(this.blocks.length);
    this.made[k] = step;
    this.turns += TURNS_PER_STATEMENT * (1 + this.blocks.statements[k].length);
    return step;
  }

  /** Last block first. Frames that stand in the old closures go on there, until they come to a loop's header or return. */
  private chain(): void {
    this.turns = 0;
    for (let k = this.blocks.length - 1; k >= 0; k--) if (this.made[k] !== undefined) this.make(k);
    this.maker.begin();
  }

  makeRest(): void {
    for (let k = this.blocks.length - 1; k >= 0; k--) if (this.made[k] === undefined) this.make(k);
  }
}
