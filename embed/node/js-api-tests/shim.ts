/**
 * A small testharness: the functions that the specification's `test/js-api` files call (its README lists them).
 * Runs inside the worker, in the realm of the tests. One difference from web-platform-tests: an exception outside a test does
 * not end the file, so the tests of a file whose setup fails are counted (as failures) and not lost.
 */

export interface TestResult {
  readonly name: string;
  /** Undefined when the test passed. */
  readonly failure: string | undefined;
}

interface TestContext {
  unreached_func(message?: string): () => never;
  add_cleanup(cleanup: () => void): void;
}
type ErrorType = new (...args: never[]) => unknown;

class AssertionError extends Error {}

function fail(message: string, description?: string): never {
  throw new AssertionError(description === undefined ? message : `${description}: ${message}`);
}

/** How WPT writes a value in the name of a test. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/[\\"]/g, '\\$&').replace(/\0/g, '\\0')}"`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'symbol' || typeof value === 'function') return `${typeof value} "${String(value)}"`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(formatValue).join(', ')}]`;
  return `object "${describe(value)}"`;
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function expectThrow(run: () => unknown, check: (error: unknown) => void, description?: string): void {
  try {
    run();
  } catch (error) {
    check(error);
    return;
  }
  fail('did not throw', description);
}

/** `assert_throws_js`: the very class, not a subclass nor that of another realm. */
function checkErrorType(type: ErrorType, error: unknown, description?: string): void {
  if (typeof error !== 'object' || error === null) fail(`threw ${formatValue(error)}`, description);
  if (error.constructor !== type) fail(`threw ${describe(error)}, expected ${type.name}`, description);
}

/** The older `assert_throws(new TypeError(), f)`. */
function checkErrorLike(sample: object, error: unknown, description?: string): void {
  checkErrorType(sample.constructor as ErrorType, error, description);
}

const assertions = {
  assert_true(actual: unknown, description?: string) {
    if (actual !== true) fail(`expected true got ${formatValue(actual)}`, description);
  },
  assert_false(actual: unknown, description?: string) {
    if (actual !== false) fail(`expected false got ${formatValue(actual)}`, description);
  },
  assert_equals(actual: unknown, expected: unknown, description?: string) {
    if (!Object.is(actual, expected)) {
      fail(
        `expected (${typeof expected}) ${formatValue(expected)} got (${typeof actual}) ${formatValue(actual)}`,
        description,
      );
    }
  },
  assert_not_equals(actual: unknown, expected: unknown, description?: string) {
    if (Object.is(actual, expected)) fail(`got disallowed value ${formatValue(actual)}`, description);
  },
  assert_array_equals(actual: ArrayLike<unknown>, expected: ArrayLike<unknown>, description?: string) {
    if (actual.length !== expected.length) {
      const both = `${formatValue(Array.from(expected))} got ${formatValue(Array.from(actual))}`;
      fail(`lengths differ, expected ${both}`, description);
    }
    for (let i = 0; i < expected.length; i++) {
      assertions.assert_equals(actual[i], expected[i], `${description ?? ''}[${i}]`);
    }
  },
  assert_class_string(object: unknown, name: string, description?: string) {
    assertions.assert_equals(Object.prototype.toString.call(object), `[object ${name}]`, description);
  },
  assert_own_property(object: object, key: PropertyKey, description?: string) {
    if (!Object.hasOwn(object, key)) fail(`expected property ${String(key)} missing`, description);
  },
  assert_not_own_property(object: object, key: PropertyKey, description?: string) {
    if (Object.hasOwn(object, key)) fail(`unexpected property ${String(key)}`, description);
  },
  assert_unreached(description?: string) {
    fail('reached unreachable code', description);
  },
  assert_throws_js(type: ErrorType, run: () => unknown, description?: string) {
    expectThrow(run, (error) => checkErrorType(type, error, description), description);
  },
  assert_throws_exactly(value: unknown, run: () => unknown, description?: string) {
    expectThrow(run, (error) => assertions.assert_equals(error, value, description), description);
  },
  async promise_rejects_js(
    _t: TestContext,
    type: ErrorType,
    promise: Promise<unknown>,
    description?: string,
  ) {
    await promise.then(
      () => fail('should have rejected', description),
      (error) => checkErrorType(type, error, description),
    );
  },
};

/** Names that the tests use but testharness.js no longer defines: with testharness.js those tests cannot pass. */
const retired = {
  assert_throws(sample: object, run: () => unknown, description?: string) {
    expectThrow(run, (error) => checkErrorLike(sample, error, description), description);
  },
  async promise_rejects(_t: TestContext, sample: object, promise: Promise<unknown>, description?: string) {
    await promise.then(
      () => fail('should have rejected', description),
      (error) => checkErrorLike(sample, error, description),
    );
  },
  assertEquals(expected: unknown, actual: unknown) {
    assertions.assert_equals(actual, expected);
  },
};

export class Harness {
  readonly results: TestResult[] = [];
  private queue: Promise<void> = Promise.resolve();
  private untitled = 0;

  /** Puts the functions on the global object. */
  install(withRetired: boolean): void {
    const globals = {
      ...assertions,
      ...(withRetired ? retired : {}),
      test: (body: (t: TestContext) => unknown, name?: string) => this.test(body, name),
      promise_test: (body: (t: TestContext) => Promise<unknown>, name?: string) =>
        this.promiseTest(body, name),
      setup: (body: unknown) => typeof body === 'function' && this.guard(() => body(), 'setup'),
      done: () => {},
      format_value: formatValue,
    };
    Object.assign(globalThis, globals);
  }

  /** Resolves when every `promise_test` has settled. */
  finished(): Promise<void> {
    return this.queue;
  }

  /** Runs code outside any test; what it throws is recorded as a failed test `(name)`. */
  guard(body: () => unknown, name: string): void {
    try {
      body();
    } catch (error) {
      this.results.push({ name: `(${name})`, failure: describe(error) });
    }
  }

  private context(): TestContext & { cleanups: (() => void)[] } {
    const cleanups: (() => void)[] = [];
    return {
      cleanups,
      unreached_func: (message) => () => fail(message ?? 'reached unreachable code'),
      add_cleanup: (cleanup) => cleanups.push(cleanup),
    };
  }

  private title(name: string | undefined): string {
    return name ?? `Untitled ${++this.untitled}`;
  }

  private test(body: (t: TestContext) => unknown, name?: string): void {
    const t = this.context();
    let failure: string | undefined;
    try {
      body.call(t, t);
    } catch (error) {
      failure = describe(error);
    }
    for (const cleanup of t.cleanups) cleanup();
    this.results.push({ name: this.title(name), failure });
  }

  /** One after the other, as testharness.js does. */
  private promiseTest(body: (t: TestContext) => Promise<unknown>, name?: string): void {
    const title = this.title(name);
    this.queue = this.queue.then(async () => {
      const t = this.context();
      let failure: string | undefined;
      try {
        await body.call(t, t);
      } catch (error) {
        failure = describe(error);
      }
      for (const cleanup of t.cleanups) cleanup();
      this.results.push({ name: title, failure });
    });
  }
}
