/** Reads a script into commands (spec interpreter README, section "Scripts"). Throws ScriptError with the place. */
import { decodeUtf8 } from '../../src/decoder/utf8';
import type { Action, Command, CommandBody, InstanceSource, ModuleAssertion, ModuleSource } from './commands';
import { parseLanePattern, parseNumber } from './numbers';
import { type Atom, headOf, type List, type Node, parseSexprs, ScriptError } from './sexpr';
import { BITS, type LaneType, type NumType, type Pattern, type Value } from './values';

const NUM_CONST = /^(i32|i64|f32|f64)\.const$/;
const SHAPES: Record<string, LaneType> = {
  i8x16: 'i8',
  i16x8: 'i16',
  i32x4: 'i32',
  i64x2: 'i64',
  f32x4: 'f32',
  f64x2: 'f64',
};
const COMMANDS = new Set([
  'module',
  'register',
  'invoke',
  'get',
  'thread',
  'wait',
  'script',
  'input',
  'output',
]);

/** A cursor over the items of one list. */
class Items {
  private index = 1;
  constructor(
    readonly list: List,
    readonly source: string,
  ) {}
  peek(): Node | undefined {
    return this.list.items[this.index];
  }
  next(what: string): Node {
    const node = this.list.items[this.index++];
    if (!node) throw new ScriptError(`${what} expected`, this.list.end - 1);
    return node;
  }
  /** An identifier ($x), if one comes next. */
  id(): string | undefined {
    const node = this.peek();
    if (node?.kind !== 'atom' || node.text[0] !== '$') return undefined;
    this.index++;
    return node.text;
  }
  keyword(text: string): Atom | undefined {
    const node = this.peek();
    if (node?.kind !== 'atom' || node.text !== text) return undefined;
    this.index++;
    return node;
  }
  atom(what: string): string {
    const node = this.next(what);
    if (node.kind !== 'atom') throw new ScriptError(`${what} expected`, node.start);
    return node.text;
  }
  bytes(what: string): Uint8Array {
    const node = this.next(what);
    if (node.kind !== 'string') throw new ScriptError(`${what} expected`, node.start);
    return node.bytes;
  }
  string(what: string): string {
    const text = decodeUtf8(this.bytes(what));
    if (text === undefined) throw new ScriptError(`${what} in UTF-8 expected`, this.list.start);
    return text;
  }
  child(what: string): Items {
    const node = this.next(what);
    if (node.kind !== 'list') throw new ScriptError(`${what} expected`, node.start);
    return new Items(node, this.source);
  }
  rest(): Node[] {
    const nodes = this.list.items.slice(this.index);
    this.index = this.list.items.length;
    return nodes;
  }
  done(): void {
    const node = this.peek();
    if (node) throw new ScriptError('unexpected token', node.start);
  }
  get head(): string {
    return headOf(this.list);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function strings(items: Items): Uint8Array {
  return concat(
    items.rest().map((node) => {
      if (node.kind !== 'string') throw new ScriptError('string expected', node.start);
      return node.bytes;
    }),
  );
}

interface ScriptModule {
  readonly id: string | undefined;
  readonly definition: boolean;
  readonly module: ModuleSource;
}

/** `(module definition? $id? (binary ... | quote ... | fields))`. */
function readModule(items: Items): ScriptModule {
  const definition = items.keyword('definition');
  const id = items.id();
  if (items.keyword('binary'))
    return { id, definition: !!definition, module: { form: 'binary', bytes: strings(items) } };
  if (items.keyword('quote'))
    return { id, definition: !!definition, module: { form: 'quote', bytes: strings(items) } };
  const { start, end } = items.list;
  const text = definition
    ? `(module ${items.source.slice(definition.end, end)}`
    : items.source.slice(start, end);
  return { id, definition: !!definition, module: { form: 'text', text } };
}

/** `(module instance $I? $M?)`, past `instance`: one name is the module's. */
function readInstance(items: Items): { id: string | undefined; module: string | undefined } {
  const first = items.id();
  const second = items.id();
  items.done();
  return second === undefined ? { id: undefined, module: first } : { id: first, module: second };
}

function readInstanceSource(items: Items): InstanceSource {
  if (items.keyword('instance')) return { kind: 'definition', module: readInstance(items).module };
  return { kind: 'inline', module: readModule(items).module };
}

function number(items: Items, type: LaneType): bigint {
  const at = items.peek()?.start ?? items.list.end;
  try {
    return parseNumber(items.atom('number'), type);
  } catch (error) {
    throw new ScriptError(error instanceof Error ? error.message : String(error), at);
  }
}

function lanes(items: Items): LaneType {
  const lane = SHAPES[items.atom('vector shape')];
  if (!lane) throw new ScriptError('unknown vector shape', items.list.start);
  return lane;
}

function readArgument(items: Items): Value {
  const { head } = items;
  const num = NUM_CONST.exec(head);
  if (num) {
    const type = num[1] as NumType;
    return { type, bits: number(items, type) };
  }
  if (head === 'v128.const') {
    const lane = lanes(items);
    let bits = 0n;
    for (let i = 0; i < 128 / BITS[lane]; i++) bits |= number(items, lane) << BigInt(i * BITS[lane]);
    return { type: 'v128', bits };
  }
  if (head === 'ref.null') return { type: 'ref', kind: 'null', heap: items.atom('heap type') };
  if (head === 'ref.extern' || head === 'ref.host') {
    return { type: 'ref', kind: 'extern', host: Number(items.atom('number')), heap: head.slice(4) };
  }
  throw new ScriptError(`unknown argument ${head}`, items.list.start);
}

function readPattern(items: Items): Pattern {
  const { head } = items;
  const num = NUM_CONST.exec(head);
  if (num) {
    const type = num[1] as NumType;
    return { kind: 'num', type, lane: parseLanePattern(items.atom('number'), type) };
  }
  if (head === 'v128.const') {
    const lane = lanes(items);
    const count = 128 / BITS[lane];
    const values = Array.from({ length: count }, () => parseLanePattern(items.atom('lane'), lane));
    return { kind: 'vec', lane, lanes: values };
  }
  if (head === 'either') {
    return { kind: 'either', choices: items.rest().map((node) => readPattern(asItems(node, items.source))) };
  }
  if (head === 'ref.null') return { kind: 'null', heap: items.peek() ? items.atom('heap type') : undefined };
  if (head === 'ref') return { kind: 'ref', heap: 'any', host: undefined };
  if (head.startsWith('ref.')) {
    const host = items.peek() ? Number(items.atom('number')) : undefined;
    return { kind: 'ref', heap: head === 'ref.host' ? 'any' : head.slice(4), host };
  }
  throw new ScriptError(`unknown result ${head}`, items.list.start);
}

function asItems(node: Node, source: string): Items {
  if (node.kind !== 'list') throw new ScriptError('( expected', node.start);
  return new Items(node, source);
}

function readAction(items: Items): Action {
  const instance = items.id();
  if (items.head === 'get') {
    const name = items.string('name');
    return { kind: 'get', instance, name };
  }
  if (items.head !== 'invoke') throw new ScriptError('action expected', items.list.start);
  const name = items.string('name');
  const args = items.rest().map((node) => readArgument(asItems(node, items.source)));
  return { kind: 'invoke', instance, name, args };
}

function readActionAssertion(items: Items): CommandBody {
  const kind = items.head;
  const action = readAction(items.child('action'));
  if (kind === 'assert_return') {
    const results = items.rest().map((node) => readPattern(asItems(node, items.source)));
    return { kind, action, results };
  }
  if (kind === 'assert_exception') return { kind, action };
  if (kind !== 'assert_trap' && kind !== 'assert_exhaustion')
    throw new ScriptError('unknown assertion', items.list.start);
  return { kind, action, message: items.string('message') };
}

function readAssertion(items: Items): CommandBody {
  const { head } = items;
  switch (head) {
    case 'assert_malformed':
    case 'assert_invalid':
    case 'assert_malformed_custom':
    case 'assert_invalid_custom': {
      const { module } = readModule(items.child('module'));
      return { kind: head satisfies ModuleAssertion, module, message: items.string('message') };
    }
    case 'assert_unlinkable':
    case 'assert_trap': {
      const target = items.peek();
      if (target && headOf(target) !== 'module') return readActionAssertion(items);
      const source = readInstanceSource(items.child('module'));
      const kind = head === 'assert_trap' ? 'assert_uninstantiable' : head;
      return { kind, source, message: items.string('message') };
    }
    default:
      return readActionAssertion(items);
  }
}

function readCommand(list: List, source: string): CommandBody {
  const items = new Items(list, source);
  switch (items.head) {
    case 'module':
      if (items.keyword('instance')) return { kind: 'instance', ...readInstance(items) };
      return { kind: 'module', ...readModule(items) };
    case 'register':
      return { kind: 'register', name: items.string('name'), instance: items.id() };
    case 'invoke':
    case 'get':
      return { kind: 'action', action: readAction(items) };
    case 'thread':
    case 'wait':
      return { kind: 'unsupported', head: items.head, feature: 'threads' };
    case 'script':
    case 'input':
    case 'output':
      return { kind: 'unsupported', head: items.head, feature: 'meta-commands' };
    default:
      return readAssertion(items);
  }
}

function isCommand(node: Node): boolean {
  const head = headOf(node);
  return COMMANDS.has(head) || head.startsWith('assert_');
}

/** Line numbers by offset; offsets must not decrease from call to call. */
function lineCounter(source: string): (offset: number) => number {
  let line = 1;
  let at = 0;
  return (offset) => {
    for (; at < offset; at++) if (source.charCodeAt(at) === 10) line++;
    return line;
  };
}

/** All commands of a script. A file of bare module fields is one module. */
export function readScript(source: string): Command[] {
  const nodes = parseSexprs(source);
  if (nodes.length > 0 && !isCommand(nodes[0])) {
    return [
      { kind: 'module', id: undefined, definition: false, module: { form: 'text', text: source }, line: 1 },
    ];
  }
  const lineOf = lineCounter(source);
  return nodes.map((node) => {
    if (node.kind !== 'list') throw new ScriptError('command expected', node.start);
    return { ...readCommand(node, source), line: lineOf(node.start) };
  });
}
