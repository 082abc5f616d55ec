/** The host of the plain fixtures: a few functions, and things to import. Every run gets a new one. */
import {
  EXTERNREF,
  type Extern,
  F64,
  FUNCREF,
  Func,
  f64,
  Global,
  type HostCall,
  I32,
  I64,
  i64,
  Memory,
  type Module,
  type Store,
  Table,
} from '../../src/index';
import { type U64, u64FromNumber, u64ToNumber } from '../../src/snapshot';

/** What external references stand for. */
export interface HostObject {
  readonly name: number;
}

export class GoldenHost {
  readonly calls: string[] = [];
  private readonly objects = new Map<number, HostObject>();
  private readonly externs: Record<string, Extern>;

  constructor(store: Store) {
    const unary = { params: [I32], results: [I32] };
    const tick = (call: HostCall) => {
      this.calls.push(`tick ${call.i32(0)}`);
      call.setI32(0, call.i32(0) * 3 + 1);
    };
    const wait = async (call: HostCall) => {
      const asked = call.i32(0);
      this.calls.push(`wait ${asked}`);
      await Promise.resolve();
      call.setI32(0, asked * 7);
    };
    const tag = (call: HostCall) => {
      const { name } = call.ref(0) as HostObject;
      const number = call.i32(1);
      this.calls.push(`tag ${name} ${number}`);
      call.setRef(0, this.object(name * 10 + number));
    };
    this.externs = {
      tick: Func.host(store, unary, tick, 'tick'),
      wait: Func.host(store, unary, wait, 'wait'),
      tag: Func.host(store, { params: [EXTERNREF, I32], results: [EXTERNREF] }, tag, 'tag'),
      memory: new Memory(store, { address: 'i32', min: 1, max: 4, shared: false, pageBits: 16 }),
      table: new Table(store, { address: 'i32', element: FUNCREF, min: 2, max: undefined }),
      counter: new Global(store, { value: I64, mutable: true }, i64(1000, 0)),
      constant: new Global(store, { value: F64, mutable: false }, f64(2.5)),
    };
  }

  object(name: number): HostObject {
    const made = this.objects.get(name) ?? { name };
    this.objects.set(name, made);
    return made;
  }

  extern(module: string, name: string): Extern | undefined {
    return module === 'host' ? this.externs[name] : undefined;
  }
  imports(module: Module): Extern[] {
    return module.imports.map(({ module: from, name }) => {
      const found = this.extern(from, name);
      if (found === undefined) throw new Error(`nothing is known of ${from}.${name}`);
      return found;
    });
  }

  readonly nameExternRef = (ref: unknown): U64 => u64FromNumber((ref as HostObject).name);
  readonly bindExternRef = (name: U64): HostObject => this.object(u64ToNumber(name));
}
