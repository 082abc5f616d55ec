/** A module that holds one continuation, exported as `run`. It imports its module's globals, and those of its functions that it calls. */
import type { FuncType } from '../../decoder';
import { callOut } from './adapters';
import { Continuation } from './continuation';
import { type Emitter, emittedType } from './emitter';
import type { FrameShape } from './frame';
import { HELPER_NAMES, type Layout, SideLayout } from './layout';
import { type EmittedImport, KINDS, SectionWriter, vector } from './section-writer';

export interface SideModule {
  readonly bytes: Uint8Array;
  readonly layout: SideLayout;
  readonly funcidx: number;
  readonly shape: FrameShape;
  /** Slots of what it takes from the runtime: locals, then operands. */
  readonly slots: number;
  /** Offset of its code entry in `bytes`. */
  readonly codeStart: number;
  /** The module offset of the instruction that stands at an offset of the code entry. */
  originOf(offset: number): number;
}

/**
 * The continuation of a function from the loop at this module offset on; undefined where there is none. `id`: by what the runtime knows its
 * frames.
 */
export function emitContinuation(
  base: Layout,
  funcidx: number,
  id: number,
  from: number,
  name: string,
): SideModule | undefined {
  const layout = new SideLayout(base);
  const continuation = new Continuation(layout, funcidx, id, from);
  const body = continuation.continue();
  if (body === undefined) return undefined;
  const { bytes, codeStart } = new SideWriter(layout, base.module.funcTypes[funcidx]).write(body.code, name);
  const originOf = (offset: number) => new Continuation(layout, funcidx, id, from).originOf(offset);
  return { bytes, layout, funcidx, shape: body.shape, slots: continuation.takenSlots, codeStart, originOf };
}

/** A module whose `run` is of this type and calls out: a function of another instance, known by the number `id`. */
export function emitForeign(base: Layout, type: FuncType, id: number): Uint8Array {
  const layout = new SideLayout(base);
  const body = callOut(layout, type, id);
  return new SideWriter(layout, layout.typeidx(type.params, type.results)).write(body, NO_NAME).bytes;
}
const NO_NAME = '';

class SideWriter extends SectionWriter<SideLayout> {
  private readonly typeidx: number;

  constructor(layout: SideLayout, typeidx: number) {
    super(layout, 1024);
    this.typeidx = typeidx;
  }

  write(body: Emitter, name: string): { bytes: Uint8Array; codeStart: number } {
    const { out, layout, typeidx } = this;
    const { module, callees } = layout;
    const helpers = this.helperTypes();
    this.types();
    const functions = callees.map((callee): EmittedImport => {
      const describe = (to: Emitter) => to.u32(module.funcTypes[callee]);
      return { from: 'function', name: String(callee), kind: 'func', describe };
    });
    const globals = this.globalTypes().map((type, k): EmittedImport => {
      const describe = (to: Emitter) => {
        to.u8(emittedType(type));
        to.u8(1);
      };
      return { from: 'global', name: String(k), kind: 'global', describe };
    });
    this.imports(helpers, [...functions, ...globals]);
    this.section('function', (to) => vector(to, [typeidx], (index) => to.u32(index)));
    this.section('export', (to) => {
      to.u32(1);
      to.name('run');
      to.u8(KINDS.func);
      to.u32(HELPER_NAMES.length + callees.length);
    });
    this.section('code', (to) => {
      to.u32(1);
      to.sized(body);
    });
    const codeStart = out.length - body.length;
    this.name(name);
    return { bytes: this.written(), codeStart };
  }
}
