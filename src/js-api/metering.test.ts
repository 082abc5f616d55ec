/** Limits of calls: an endless loop of a plug-in ends, whoever is between, and what is used is counted once. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { leb, moduleOf, section } from '../decoder/testing';
import { wat } from '../testing';
import { type CallLimits, CallStoppedError, createWebAssembly, type NamespaceOptions } from '../webassembly';
import { createSnapshotWebAssembly } from '../webassembly-snapshot';

const bytes = wat(`(module
      (import "host" "call" (func $host (param i32)))
      (func $spin (export "spin") (loop (br 0)))
      (func (export "count") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))
      (func (export "nest") (param i32) (result i32) (call $host (local.get 0)) (i32.const 8))
      (func (export "nestForever") (loop (call $host (i32.const 1)) (br 0)))
      (func (export "spinAfter") (call $host (i32.const 1)) (call $spin)))`);

type Exports = Record<string, (...args: number[]) => number>;

function load(options: NamespaceOptions, host: (exports: Exports, n: number) => void = () => {}) {
  const WebAssembly = createWebAssembly(options);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    host: { call: (n: number) => host(exports as unknown as Exports, n) },
  });
  return { WebAssembly, exports: exports as unknown as Exports };
}

/** The reason for which a call is stopped. */
function stopped(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof CallStoppedError) return error.reason;
    throw error;
  }
  return 'not stopped';
}

describe('per call', () => {
  test('fuel ends an endless loop, and the instance can be called again', () => {
    const { WebAssembly, exports } = load({ fuel: 10_000 });
    for (let k = 0; k < 3; k++) {
      expect(stopped(() => exports.spin())).toBe('fuel');
      expect(exports.count(9000)).toBe(7);
    }
    expect(stopped(() => exports.count(11_000))).toBe('fuel');
    const error = (() => {
      try {
        exports.spin();
      } catch (thrown) {
        return thrown;
      }
    })() as CallStoppedError;
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(error.message).toBe('the call was stopped: it has used up its fuel');
    expect(error.backtrace[0].name).toBe('spin');
  });

  test('a deadline ends an endless loop', () => {
    const { exports } = load({ deadline: 5 });
    expect(stopped(() => exports.spin())).toBe('deadline');
    expect(exports.count(10)).toBe(7);
  });

  test('the start function is a call too', () => {
    const endless = wat('(module (func $s (loop (br 0))) (start $s))');
    const WebAssembly = createWebAssembly({ fuel: 1000 });
    expect(stopped(() => new WebAssembly.Instance(new WebAssembly.Module(endless)))).toBe('fuel');
  });

  test('functions in tables are exported functions', () => {
    const { WebAssembly, exports } = load({ fuel: 1000 });
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    table.set(0, exports.spin);
    expect(stopped(() => (table.get(0) as () => void)())).toBe('fuel');
  });
});

describe('calls inside calls', () => {
  test('an endless loop inside a host function ends, and what is around it', () => {
    const { exports } = load({ fuel: 10_000 }, (inner) => inner.spin());
    expect(stopped(() => exports.nest(1))).toBe('fuel');
    expect(stopped(() => exports.nestForever())).toBe('fuel');
  });

  test('a host function that catches it does not help the guest', () => {
    let caught = 0;
    const { exports } = load({ fuel: 10_000 }, (inner) => {
      try {
        inner.spin();
      } catch {
        caught++;
      }
    });
    expect(stopped(() => exports.spinAfter())).toBe('fuel');
    expect(stopped(() => exports.nestForever())).toBe('fuel');
    expect(caught).toBe(2);
  });

  test('so it is with time', () => {
    const { exports } = load({ deadline: 5 }, (inner) => {
      try {
        inner.spin();
      } catch {
        // Goes on as if nothing had happened.
      }
    });
    expect(stopped(() => exports.nestForever())).toBe('deadline');
  });

  test('fuel is counted once, however deep', () => {
    const depth = (inner: Exports, n: number): void => {
      if (n > 0) inner.nest(n - 1);
      inner.count(1000);
    };
    expect(stopped(() => load({ fuel: 7000 }, depth).exports.nest(4))).toBe('not stopped');
    expect(stopped(() => load({ fuel: 4500 }, depth).exports.nest(4))).toBe('fuel');
  });
});

describe('in total', () => {
  test('fuel', () => {
    const { exports } = load({ total: { fuel: 10_000 } });
    let calls = 0;
    expect(
      stopped(() => {
        for (; ; calls++) exports.count(1000);
      }),
    ).toBe('fuel');
    expect(calls).toBeGreaterThanOrEqual(9);
    expect(calls).toBeLessThanOrEqual(10);
    expect(stopped(() => exports.count(1))).toBe('fuel');
  });

  test('time', () => {
    const { exports } = load({ total: { deadline: 10 } });
    expect(
      stopped(() => {
        for (;;) exports.count(1000);
      }),
    ).toBe('deadline');
    expect(stopped(() => exports.count(1))).toBe('deadline');
  });

  test('with a limit for each call', () => {
    const { exports } = load({ fuel: 1000, total: { fuel: 2500 } });
    for (let k = 0; k < 3; k++) expect(stopped(() => exports.spin())).toBe('fuel');
    expect(stopped(() => exports.count(1))).toBe('fuel');
  });
});

describe('onStop', () => {
  test('gives more, and sees where the call is', () => {
    const seen: unknown[] = [];
    const { exports } = load({
      fuel: 1000,
      onStop: (reason, execution) => {
        seen.push(reason, execution.backtrace()[0].name);
        return seen.length < 6 ? { fuel: 1000 } : undefined;
      },
    });
    expect(stopped(() => exports.spin())).toBe('fuel');
    expect(seen).toEqual(['fuel', 'spin', 'fuel', 'spin', 'fuel', 'spin']);
    expect(exports.count(500)).toBe(7);
  });

  test('what it throws ends the call', () => {
    const { exports } = load({
      fuel: 1000,
      onStop: () => {
        throw new Error('enough');
      },
    });
    expect(() => exports.spin()).toThrow('enough');
    expect(exports.count(10)).toBe(7);
  });
});

test('options are checked', () => {
  for (const options of [
    { fuel: -1 },
    { fuel: Number.NaN },
    { deadline: '5' },
    { total: 5 },
    { onStop: 5 },
  ]) {
    expect(() => createWebAssembly(options as NamespaceOptions)).toThrow(/option "/);
  }
  expect(() => createWebAssembly({ total: { fule: 5 } as CallLimits })).toThrow('unknown option "fule"');
  expect(() => createSnapshotWebAssembly({ fuel: 5 } as never)).toThrow('unknown option "fuel"');
  expect(createSnapshotWebAssembly({ now: () => 5 }).Snapshot).toBeDefined();
});

describe('compiling', () => {
  afterEach(() => vi.restoreAllMocks());

  /** A clock on which each look takes 10 milliseconds: so much time is so many parts. */
  function slowClock(): void {
    let ms = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      ms += 10;
      return ms;
    });
  }
  const count = 100_000;
  const body = [0, ...Array.from({ length: count }, () => [0x41, 1, 0x1a]).flat(), 0x0b];
  /** About 75 parts. */
  const large = Uint8Array.from(
    moduleOf(
      section('type', 1, 0x60, 0, 0),
      section('function', 1, 0),
      section('code', 1, leb(body.length), body),
    ),
  );

  test.each(['Module', 'validate'] as const)('ends with the deadline of a call: %s', (way) => {
    const compile = (deadline: number) => {
      slowClock();
      const WebAssembly = createWebAssembly({ deadline });
      return stopped(() => (way === 'Module' ? new WebAssembly.Module(large) : WebAssembly.validate(large)));
    };
    expect(compile(5)).toBe('deadline');
    expect(compile(300)).toBe('deadline');
    expect(compile(1000)).toBe('not stopped');
  });

  test('later, takes turns with the page, and has the time of all calls alone', async () => {
    slowClock();
    const free = createWebAssembly({ deadline: 5 });
    expect(await free.compile(large)).toBeInstanceOf(free.Module);
    const bounded = createWebAssembly({ total: { deadline: 1000 } });
    expect(await bounded.compile(large)).toBeInstanceOf(bounded.Module);
    const second = bounded.instantiate(large);
    await expect(second).rejects.toThrow('compiling was stopped: it has used up its time');
    await expect(second).rejects.toBeInstanceOf(CallStoppedError);
    expect(stopped(() => new bounded.Module(large))).toBe('deadline');
  });

  test.each([
    [3000, 'not stopped'],
    [300, 'deadline'],
  ])('in a host function, has the time of the call: of %i ms', (deadline, expected) => {
    slowClock();
    let inner = '';
    const { WebAssembly, exports } = load({ deadline }, () => {
      inner = stopped(() => new WebAssembly.Module(large));
    });
    // Behind it there is no safepoint that the call could be stopped at.
    expect(stopped(() => exports.nest(1))).toBe('not stopped');
    expect(inner).toBe(expected);
  });
});
