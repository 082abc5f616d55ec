/**
 * `--profile`: where a program's time goes, as a `.cpuprofile` that Chrome's and VS Code's viewers open. The guest is stopped at a safepoint
 * about once a millisecond and its backtrace read; what has passed since counts for that. Time in quiet functions (without loops and calls
 * that could stop) and in host calls counts for whoever called them.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BacktraceFrame } from '../../errors';
import type { Execution, SourcePosition } from '../../index';
import { moduleOf, positionOf } from '../../interpreter';
import { writeOutput } from '../output-files';

interface CallFrame {
  readonly functionName: string;
  readonly scriptId: string;
  readonly url: string;
  /** Counted from 0; -1 is unknown. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Node {
  readonly id: number;
  readonly callFrame: CallFrame;
  hitCount: number;
  readonly children: number[];
  /** By lines, counted from 1. */
  readonly ticks: Map<number, number>;
}

/** What viewers read (the type `Profiler.Profile` of Chrome's protocol). Times are microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly hitCount: number;
    readonly children: readonly number[];
    readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export class Profile {
  private readonly nodes: Node[] = [];
  /** Nodes by that of the caller and the function. */
  private readonly known = new Map<string, Node>();
  private readonly samples: number[] = [];
  private readonly deltas: number[] = [];
  private begun = microseconds();
  private last = this.begun;
  private readonly root = this.node(undefined, {
    functionName: '(root)',
    scriptId: '0',
    url: '',
    lineNumber: -1,
    columnNumber: -1,
  });

  /** `file` is the module's, for functions whose source nobody knows. */
  constructor(private readonly file: string) {}

  /** The program begins now: what came before is none of its time. */
  start(): void {
    this.begun = microseconds();
    this.last = this.begun;
  }

  sample(execution: Execution): void {
    const frames = execution.backtrace();
    let node = this.root;
    for (let k = frames.length - 1; k >= 0; k--) {
      node = this.node(node, frames[k]);
    }
    node.hitCount++;
    const line = frames.length > 0 ? positionOf(frames[0])?.line : undefined;
    if (line !== undefined) node.ticks.set(line, (node.ticks.get(line) ?? 0) + 1);
    const now = microseconds();
    this.samples.push(node.id);
    this.deltas.push(now - this.last);
    this.last = now;
  }

  private node(caller: Node | undefined, frame: BacktraceFrame | CallFrame): Node {
    const key = `${caller?.id ?? 0} ${'funcidx' in frame ? `${frame.funcidx} ${frame.module ?? ''}` : ''}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const callFrame = 'funcidx' in frame ? this.callFrame(frame) : frame;
    const node = { id: this.nodes.length + 1, callFrame, hitCount: 0, children: [], ticks: new Map() };
    this.nodes.push(node);
    this.known.set(key, node);
    caller?.children.push(node.id);
    return node;
  }

  /** Where a function begins. */
  private callFrame(frame: BacktraceFrame): CallFrame {
    const module = moduleOf(frame);
    const start = module?.codeStart[frame.funcidx - module.importedFuncs] ?? frame.offset;
    // The first instructions may come from no line: the first that does will do.
    const source = firstPosition(
      frame,
      start,
      module?.codeEnd[frame.funcidx - module.importedFuncs] ?? start,
    );
    return {
      functionName: frame.name ?? `wasm-function[${frame.funcidx}]`,
      scriptId: '1',
      url: source === undefined ? pathToFileURL(this.file).href : urlOf(source.file, this.file),
      lineNumber: source === undefined ? 0 : source.line - 1,
      columnNumber: source === undefined ? start : Math.max(0, source.column - 1),
    };
  }

  result(): CpuProfile {
    return {
      nodes: this.nodes.map(({ ticks, ...node }) => ({
        ...node,
        ...(ticks.size === 0
          ? {}
          : { positionTicks: [...ticks].map(([line, count]) => ({ line, ticks: count })) }),
      })),
      startTime: this.begun,
      endTime: Math.max(microseconds(), this.last),
      samples: this.samples,
      timeDeltas: this.deltas,
    };
  }

  write(target: string): number {
    writeOutput(target, JSON.stringify(this.result()));
    return this.samples.length;
  }
}

/** Bytes of a function that are asked for their source before it is given up. */
const LOOKED_AT = 256;

function firstPosition(frame: BacktraceFrame, start: number, end: number): SourcePosition | undefined {
  for (let offset = start; offset < Math.min(end, start + LOOKED_AT); offset++) {
    const source = positionOf({ ...frame, offset }, moduleOf(frame));
    if (source !== undefined) return source;
  }
  return undefined;
}

/** Viewers open sources by their URLs. A relative one lies beside the module, if anywhere. */
function urlOf(file: string, module: string): string {
  const place = path.resolve(path.dirname(module), file);
  return path.isAbsolute(file) || existsSync(place) ? pathToFileURL(place).href : file;
}

function microseconds(): number {
  return Math.round(performance.now() * 1000);
}
