/** `WebAssembly.Tag`, `WebAssembly.Exception` and the JavaScript exception tag. */
import type { FuncType } from '../decoder/types';
import { Exception as CoreException, Tag as CoreTag, HOST_TAG, standFor } from '../runtime/index';
import type { Agent } from './agent';
import { valueType } from './global';
import { defineInterface, dictionary, enforceU32, isObject } from './webidl';

function tagType(value: unknown): FuncType {
  const { parameters } = dictionary(value, 'the tag type');
  if (parameters === undefined) throw new TypeError("property 'parameters' is required");
  return { params: sequence(parameters).map((type) => valueType(type, 'a parameter')), results: [] };
}

/** A `sequence<any>` argument: objects only, so that a string is not one. */
function sequence(value: unknown): unknown[] {
  if (!isObject(value)) throw new TypeError('not a sequence');
  return [...(value as Iterable<unknown>)];
}

export function createTag(agent: Agent) {
  class Tag {
    /** A tag type, or a core tag to wrap. */
    constructor(type: unknown) {
      // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
      return agent.adopt(type instanceof CoreTag ? type : new CoreTag(tagType(type)), this);
    }
  }

  defineInterface(Tag, 'Tag', 1);
  return Tag;
}

export function createException(agent: Agent) {
  const tagOf = (value: unknown): CoreTag => agent.slot(value, CoreTag, 'Tag');

  /** "Create an exception" of JavaScript's. */
  function made(exceptionTag: unknown, payload: unknown): CoreException {
    const tag = tagOf(exceptionTag);
    const values = sequence(payload);
    const { params } = tag.type;
    if (tag === HOST_TAG) throw new TypeError('an exception cannot have the JavaScript tag');
    if (values.length !== params.length) throw new TypeError(`the tag has ${params.length} parameters`);
    return new CoreException(
      tag,
      params.map((type, i) => agent.toWasmValue(type, values[i])),
    );
  }

  let brand!: (value: object) => void;

  class Exception {
    readonly #core: CoreException;
    readonly #stack: string | undefined;

    static {
      brand = (value) => {
        if (!(#core in value)) throw new TypeError('not a WebAssembly.Exception');
      };
    }

    /** A tag, its values and options, or a core exception to wrap. */
    constructor(exceptionTag: unknown, payload?: unknown, options?: unknown) {
      if (exceptionTag instanceof CoreException) {
        this.#core = exceptionTag;
        this.#stack = undefined;
      } else {
        this.#core = made(exceptionTag, payload);
        this.#stack = dictionary(options, 'the options').traceStack ? new Error().stack : undefined;
      }
      agent.remember(this.#core, this);
      standFor(this, this.#core);
    }

    getArg(exceptionTag: unknown, index: unknown): unknown {
      brand(this);
      const tag = tagOf(exceptionTag);
      const position = enforceU32(index, 'the index');
      const { tag: own, values } = this.#core;
      if (tag !== own) throw new TypeError('the exception has another tag');
      if (position >= values.length) throw new RangeError(`the exception has no argument ${position}`);
      return agent.toJsValue(values[position]);
    }

    is(exceptionTag: unknown): boolean {
      brand(this);
      return tagOf(exceptionTag) === this.#core.tag;
    }

    get stack(): string | undefined {
      brand(this);
      return this.#stack;
    }
  }

  agent.exceptionObject = (exception) => agent.objectFor(exception, () => new Exception(exception));
  defineInterface(Exception, 'Exception', 2);
  return Exception;
}
