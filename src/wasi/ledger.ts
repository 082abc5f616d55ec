/**
 * What a guest makes its host hold: bytes of files, names, nodes. A ledger stands for one file system, or for a whole WASI world: then
 * those of its file systems have joined it, and whatever they take is charged to it too. Nothing is taken that any of them has no room for.
 */
import { encodeUtf8 } from '../decoder/utf8';

export interface Amounts {
  /** Contents of files, targets of symbolic links, input that was given back. */
  readonly bytes: number;
  /** Names in directories and in listings under way, arguments and variables that a state brought; each with what its entry costs. */
  readonly names: number;
  /** Files, directories and links. */
  readonly nodes: number;
}

/** What an entry of a directory or a listing costs beside its name: about what an engine keeps for it. */
const ENTRY_COST = 64;
/** What a name costs. */
export function nameCost(name: string): number {
  return ENTRY_COST + encodeUtf8(name).length;
}

/** Thrown where room should have been asked for, or where nobody could ask. */
export class LedgerFull extends Error {
  constructor(readonly what: keyof Amounts) {
    super(what === 'bytes' ? 'the file system is full' : `the file system has too many ${what}`);
  }
}

const KINDS = ['bytes', 'names', 'nodes'] as const;

const NOTHING: Amounts = { bytes: 0, names: 0, nodes: 0 };

export class Ledger implements Amounts {
  bytes = 0;
  names = 0;
  nodes = 0;
  private parent: Ledger | undefined;
  /** By how much the limits are higher for what the host itself gave. */
  private readonly allowances = new Map<Ledger, Amounts>();

  /** With `open`, file systems that the host gives may use what they were given; else only what they have already is not counted. */
  constructor(
    public limits: Amounts,
    private readonly open = false,
  ) {}

  /** An empty one with the same limits, those for what was given left out. */
  fresh(): Ledger {
    return new Ledger(this.limits, this.open);
  }

  private limit(kind: keyof Amounts): number {
    let limit = this.limits[kind];
    for (const allowance of this.allowances.values()) limit += allowance[kind];
    return limit;
  }

  /** What would be too much of `more`; undefined when there is room for it. */
  lacks(more: Partial<Amounts>): keyof Amounts | undefined {
    for (const kind of KINDS) {
      const wanted = more[kind] ?? 0;
      if (wanted > 0 && this[kind] + wanted > this.limit(kind)) return kind;
    }
    return this.parent?.lacks(more);
  }

  fits(more: Partial<Amounts>): boolean {
    return this.lacks(more) === undefined;
  }

  /** Throws LedgerFull, and takes nothing, when there is no room. */
  take(more: Partial<Amounts>): void {
    const what = this.lacks(more);
    if (what !== undefined) throw new LedgerFull(what);
    this.add(more, 1);
  }

  give(back: Partial<Amounts>): void {
    this.add(back, -1);
  }

  private add(amounts: Partial<Amounts>, sign: 1 | -1): void {
    for (const kind of KINDS) this[kind] += sign * (amounts[kind] ?? 0);
    this.parent?.add(amounts, sign);
  }

  /** Takes in the ledger of a file system that the host gives: what it holds is charged to this one, and to no other, from now on. */
  adopt(given: Ledger): void {
    if (given.parent !== this) given.join(this, this.open ? given.limits : given.held);
  }

  /** What was allowed for a file system that was adopted. */
  allowanceFor(given: Ledger | undefined): Amounts {
    return (given && this.allowances.get(given)) ?? NOTHING;
  }

  /** Is charged to `parent` from now on, whose limits are higher by `allowance`. Throws LedgerFull when it has no room. */
  join(parent: Ledger, allowance: Amounts): void {
    this.parent?.give(this.held);
    this.parent?.allowances.delete(this);
    parent.allowances.set(this, allowance);
    parent.take(this.held);
    this.parent = parent;
  }

  get held(): Amounts {
    const { bytes, names, nodes } = this;
    return { bytes, names, nodes };
  }
}
