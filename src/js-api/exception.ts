/** `WebAssembly.Tag`, `WebAssembly.Exception` and the JavaScript exception tag. */
import { EXTERNREF, type FuncType } from '../decoder/types';
import { Tag as CoreTag, type Value } from '../runtime/index';
import type { Agent } from './agent';
import { isOpaque, valueType } from './global';
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

/** "The JavaScript exception tag" of an agent. */
export function createJsTag(): CoreTag {
  return new CoreTag({ params: [EXTERNREF], results: [] });
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

export function createException(agent: Agent, jsTag: CoreTag) {
  const tagOf = (value: unknown): CoreTag => agent.slot(value, CoreTag, 'Tag');

  let brand!: (value: object) => void;

  class Exception {
    readonly #tag: CoreTag;
    readonly #payload: readonly Value[];
    readonly #stack: string | undefined;

    static {
      brand = (value) => {
        if (!(#tag in value)) throw new TypeError('not a WebAssembly.Exception');
      };
    }

    constructor(exceptionTag: unknown, payload: unknown, options?: unknown) {
      this.#tag = tagOf(exceptionTag);
      const values = sequence(payload);
      const { traceStack } = dictionary(options, 'the options');
      const { params } = this.#tag.type;
      if (this.#tag === jsTag) throw new TypeError('an exception cannot have the JavaScript tag');
      if (values.length !== params.length) throw new TypeError(`the tag has ${params.length} parameters`);
      this.#payload = params.map((type, i) => {
        if (isOpaque(type)) throw new TypeError('a parameter of the tag has no JavaScript form');
        return agent.toWasmValue(type, values[i]);
      });
      this.#stack = traceStack ? new Error().stack : undefined;
    }

    getArg(exceptionTag: unknown, index: unknown): unknown {
      brand(this);
      const tag = tagOf(exceptionTag);
      const position = enforceU32(index, 'the index');
      if (tag !== this.#tag) throw new TypeError('the exception has another tag');
      if (position >= this.#payload.length) throw new RangeError(`the exception has no argument ${position}`);
      return agent.toJsValue(this.#payload[position]);
    }

    is(exceptionTag: unknown): boolean {
      brand(this);
      return tagOf(exceptionTag) === this.#tag;
    }

    get stack(): string | undefined {
      brand(this);
      return this.#stack;
    }
  }

  defineInterface(Exception, 'Exception', 2);
  return Exception;
}
