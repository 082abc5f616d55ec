/** Every engine the runner knows by name. */
import { TARGETS } from '../../src/compiler/javascript/ahead';
import type { Engine } from '../engine';
import { pageEngine } from '../hosts/page-engines';
import { aheadEngine } from './ahead';
import { movesEngine } from './moves';
import { nativeEngine } from './native';
import { nativeKeptEngine } from './native-kept';
import { freshEngine, fullEngine, steppedEngine } from './stepped';
import { tiersEngine } from './tiers';

/**
 * `tswasm-full` has the fused forms; `tswasm-fresh` makes all code as hot code is made on Node;
 * `tswasm-stepN` stops at every N-th safepoint; `tswasm-hotN` also lowers again what is found running;
 * `host` is the host's own engine; `native` runs what the native tier takes there, `native-mixed` in either tier at random, `native-kept` as that out of a file;
 * `javascript` and `javascript-mixed` are the same of the JavaScript tier;
 * `ahead-TARGET` runs files that were compiled ahead of time for an engine;
 * `mixed` runs each function in one of two tiers, and moves between them at every safepoint;
 * `tiersN` does as `migrateN`, each time in the next tier, and holds every leg against the interpreter's;
 * `migrateN` goes on from a snapshot in fresh instances each time; `movesN` does so in Node, jitless Node and QuickJS in turn,
 * `movesN-NAME` in one of them.
 */
export function engineNamed(name: string): Engine | undefined {
  const onPages = pageEngine(name);
  if (onPages !== undefined) return onPages;
  if (name === 'tswasm-full') return fullEngine;
  if (name === 'tswasm-fresh') return freshEngine;
  if (name === 'host') return nativeEngine;
  if (name === 'native-kept') return nativeKeptEngine;
  const target = TARGETS.find((known) => name === `ahead-${known}`);
  if (target !== undefined) return aheadEngine(target);
  const tiers = /^tiers([1-9]\d*)?$/.exec(name);
  if (tiers) return tiersEngine(Number(tiers[1] ?? 3));
  const moves = /^moves([1-9]\d*)?(?:-(\w+))?$/.exec(name);
  if (moves) return movesEngine(Number(moves[1] ?? 1), moves[2]);
  const stepped = /^tswasm-(step|hot)([1-9]\d*)$/.exec(name);
  return stepped ? steppedEngine({ step: Number(stepped[2]), hot: stepped[1] === 'hot' }) : undefined;
}
