/**
 * The drop-in namespace whose calls do not stay here. Each call that JavaScript makes is stopped after some safepoints; its snapshot goes on in
 * a fresh process of another engine, until it is stopped there as well, wants something of the host, or is done. Then it comes home: to the
 * instance that JavaScript holds, whose memory, globals and tables become what they were at the other end.
 */
import { spawnSync } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { Execution } from '../../../src/interpreter/index';
import { createWebAssembly, internalsOf } from '../../../src/js-api/namespace';
import type { Func, Instance, Value } from '../../../src/runtime/index';
import type { SnapshotDocument } from '../../../src/snapshot';
import { decode, snapshot } from '../../../src/snapshot/index';
import { frameState, type Plan, prepare, stand, writeContents } from '../../../src/snapshot/restore';
import { type Space, spaceOf } from '../../../src/snapshot/space';
import type { EngineCommand } from '../../quickjs/tests/engines';
import {
  type FailedReply,
  fromHex,
  type LegReply,
  type LegRequest,
  toHex,
  type WireValue,
} from '../../quickjs/tests/wire';
import '../fresh-factories';
import '../native-memory';
import '../tiers';

/** What a test asks for. */
export interface Moves {
  readonly engines: readonly EngineCommand[];
  /** How often the program leaves. */
  readonly count: number;
  /** Safepoints of a leg: here, and elsewhere. */
  readonly stay: number;
  readonly away: number;
}
/** What became of it. */
export interface Moved {
  /** Names of the engines that it was in, in their order. */
  readonly visited: string[];
  /** How often it came home: stopped again, because it wanted something of the host, or done. */
  readonly stopped: number;
  readonly waited: number;
  readonly done: number;
}

const { moves } = workerData as { readonly moves: Moves };
const visited: string[] = [];
const ends = { stopped: 0, waited: 0, done: 0 };

/** For the worker. */
export const report = (): Moved => ({ visited, ...ends });

export const WebAssembly = createWebAssembly();
const { agent } = internalsOf(WebAssembly);
const stay = agent.invoke;
let isRunning = false;

agent.invoke = (func, args) => {
  // What a host function calls stays above its frame.
  if (func.instance === undefined || isRunning || visited.length === moves.count) return stay(func, args);
  isRunning = true;
  try {
    return func.toResult(journey(func, func.instance, func.toValues(args)));
  } finally {
    isRunning = false;
  }
};

function journey(func: Func, instance: Instance, args: readonly Value[]): readonly Value[] {
  let execution = new Execution(func, args);
  for (;;) {
    const outcome = execution.run(visited.length < moves.count ? { fuel: moves.stay } : {});
    if (outcome.kind === 'done') return outcome.results;
    if (outcome.kind === 'trapped') throw outcome.error;
    if (outcome.kind === 'waiting')
      throw new Error('a host function returned a promise to a synchronous call');
    if (!execution.atSafepoint) continue;
    const reply = leave(instance, snapshot(execution));
    switch (reply.kind) {
      case 'stopped': {
        const { document, space, plan } = contentsHome(fromHex(reply.snapshot), instance);
        ends[reply.state === 'waiting' ? 'waited' : 'stopped']++;
        const [root] = document.continuations;
        const frames = root.activations.map((frame) => frameState(frame, instance, frame.func, plan.binder));
        execution = stand(document, space, plan.binder, frames);
        break;
      }
      case 'done':
        ends.done++;
        contentsHome(fromHex(reply.state!), instance);
        return reply.results.map((value, k) => numberOf(value, func.type.results[k]));
      case 'trapped':
        throw new Error(`it trapped elsewhere: ${reply.message}`);
    }
  }
}

/** A leg in a fresh process of the next engine. */
function leave(instance: Instance, bytes: Uint8Array): LegReply {
  const { name, command, args } = moves.engines[visited.length % moves.engines.length];
  visited.push(name);
  const request: LegRequest = {
    kind: 'leg',
    module: toHex(instance.module.bytes),
    entry: '',
    args: [],
    snapshot: toHex(bytes),
    fuel: moves.away,
    host: 'elsewhere',
    wantState: true,
  };
  const input = `${JSON.stringify(request)}\n`;
  const { stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (!stdout.startsWith('{')) throw new Error(`${name} gave no answer: ${stderr}`);
  const reply = JSON.parse(stdout) as LegReply | FailedReply;
  if (reply.kind === 'failed') throw new Error(`${name}: ${reply.message}`);
  return reply;
}

/** `restore` writes into a fresh instance alone. This one is known to JavaScript, which must find there what has been done elsewhere. */
function contentsHome(
  bytes: Uint8Array,
  instance: Instance,
): { document: SnapshotDocument; space: Space; plan: Plan } {
  const document = decode(bytes, instance.store.limits);
  const space = spaceOf(instance);
  const plan = prepare(document, space, {});
  writeContents(document, space, plan, {});
  instance.droppedDatas.set(document.segments.dataDropped);
  instance.droppedElems.set(document.segments.elemDropped);
  return { document, space, plan };
}

function numberOf([, lo, hi]: WireValue, type: number): Value {
  return { type, lo, hi, ref: null };
}
