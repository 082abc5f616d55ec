/** A module as the native tier has it: emitted and compiled once, for all instances and stores. */
import { type Module, OP, Reader } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { Body } from './body';
import type { FrameShape } from './frame';
import type { HostWebAssembly } from './host';
import { HELPER_NAMES } from './layout';
import { type EmittedModule, emitModule, shapeOf } from './module';
import { emitContinuation, type SideModule } from './side-module';

/** A continuation that has been compiled. */
export interface CompiledContinuation {
  readonly id: number;
  readonly side: SideModule;
  readonly compiled: object;
}

/** Code of a program by the name that the host's traces give: the module, or a continuation of it. */
type Part = { readonly program: Program; readonly continuation: CompiledContinuation | undefined };
const parts: Part[] = [];
/** Names of emitted modules begin with it: a trace tells them. */
export const NAME = 'tswasm';

export class Program {
  readonly module: Module;
  readonly emitted: EmittedModule;
  readonly compiled: object;
  private readonly host: HostWebAssembly;
  private readonly shapes = new Map<number, FrameShape>();
  private readonly continuations = new Map<string, CompiledContinuation | undefined>();
  private readonly byId: CompiledContinuation[] = [];

  /** Throws what the host's engine throws that does not take the module. */
  constructor(module: Module, host: HostWebAssembly) {
    this.module = module;
    this.host = host;
    const part = parts.push({ program: this, continuation: undefined }) - 1;
    this.emitted = emitModule(module, `${NAME}${part}`);
    this.compiled = new host.Module(this.emitted.bytes);
  }

  /** What a frame holds, by the number that its body gives. */
  shape(id: number): FrameShape {
    const { length } = this.module.funcTypes;
    if (id >= length) return this.byId[id - length].side.shape;
    let shape = this.shapes.get(id);
    if (shape === undefined) {
      shape = shapeOf(this.emitted.layout, id);
      this.shapes.set(id, shape);
    }
    return shape;
  }

  /** The function that a body is, or is a part of. */
  funcidxOf(id: number): number {
    const { length } = this.module.funcTypes;
    return id < length ? id : this.byId[id - length].side.funcidx;
  }

  /** The continuation from a loop on, given by its offset in the code entry. */
  continuation(funcidx: number, targetLoop: number): CompiledContinuation | undefined {
    const key = `${funcidx}:${targetLoop}`;
    if (!this.continuations.has(key)) this.continuations.set(key, this.compile(funcidx, targetLoop));
    return this.continuations.get(key);
  }

  private compile(funcidx: number, targetLoop: number): CompiledContinuation | undefined {
    const { module, emitted, host, byId } = this;
    const id = module.funcTypes.length + byId.length;
    const from = module.codeStart[funcidx - module.importedFuncs] + targetLoop;
    const side = emitContinuation(emitted.layout, funcidx, id, from, `${NAME}${parts.length}`);
    if (side === undefined) return undefined;
    const continuation = { id, side, compiled: new host.Module(side.bytes) };
    parts.push({ program: this, continuation });
    byId.push(continuation);
    return continuation;
  }
}

/** An instruction of an original module. */
export interface Origin {
  readonly program: Program;
  readonly funcidx: number;
  /** Module offset. */
  readonly offset: number;
}

/** The table of the indirect call that stands there. */
export function tableOf({ program, offset }: Origin): number {
  const reader = new Reader(program.module.bytes, offset);
  const { op } = readInstruction(reader);
  if (op !== OP.call_indirect && op !== OP.return_call_indirect) return 0;
  reader.u32();
  return reader.u32();
}

/**
 * Where an instruction of an emitted module came from: the part's number, the index of the function in it, the offset in its bytes.
 * Undefined for adapters.
 */
export function originOf(part: number, index: number, offset: number): Origin | undefined {
  const found = parts[part];
  if (found === undefined) return undefined;
  const { program, continuation } = found;
  if (continuation !== undefined) {
    const { side } = continuation;
    return { program, funcidx: side.funcidx, offset: side.originOf(offset - side.codeStart) };
  }
  const { layout, codeStart, refused } = program.emitted;
  const funcidx = index - HELPER_NAMES.length;
  if (funcidx < 0 || funcidx >= codeStart.length || refused.has(funcidx)) return undefined;
  const body = new Body(layout, funcidx);
  return { program, funcidx, offset: body.originOf(offset - codeStart[funcidx]) };
}
