/** A module that holds one continuation, exported as `run`. It imports its module's globals, and those of its functions that it calls. */
import { Continuation } from './continuation';
import { type Emitter, emittedType } from './emitter';
import type { FrameShape } from './frame';
import { HELPER_NAMES, type Layout, SideLayout } from './layout';
import { type EmittedImport, KINDS, SectionWriter, vector } from './section-writer';

export interface SideModule {
  readonly bytes: Uint8Array;
  readonly layout: SideLayout;
  readonly shape: FrameShape;
  /** Offset of its code entry in `bytes`. */
  readonly codeStart: number;
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
): SideModule | undefined {
  const layout = new SideLayout(base);
  const body = new Continuation(layout, funcidx, id, from).continue();
  if (body === undefined) return undefined;
  const { bytes, codeStart } = new SideWriter(layout, funcidx).write(body.code);
  return { bytes, layout, shape: body.shape, codeStart };
}

class SideWriter extends SectionWriter<SideLayout> {
  private readonly funcidx: number;

  constructor(layout: SideLayout, funcidx: number) {
    super(layout, 1024);
    this.funcidx = funcidx;
  }

  write(body: Emitter): { bytes: Uint8Array; codeStart: number } {
    const { out, layout, funcidx } = this;
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
    this.section('function', (to) => vector(to, [module.funcTypes[funcidx]], (typeidx) => to.u32(typeidx)));
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
    return { bytes: this.written(), codeStart: out.length - body.length };
  }
}
