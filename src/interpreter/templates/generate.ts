/**
 * Writes the closure factories: one for each template and operand form, plus the fixed forms of control.ts. A factory takes what the
 * instruction knows when it is lowered (slots as word offsets, constants, nested closures, the next step) and returns the closure that
 * runs. Run at build time (`npm run generate`); the results are never committed:
 * - `factories.generated.js`, the compact set: only the forms that lowering cannot do without. The core carries it.
 * - `factories-full.generated.js`, every form: fewer calls, for hosts that can spend 30 KB more (src/factories.ts);
 * - `factories-simd.generated.js`, what SIMD instructions are made of, which goes with either;
 * - `factories-fresh.generated.json`, the text of each of those by its name, and of those that only pay where the host inlines closures, for
 *   a host that evaluates them one by one (embed/node).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADS, STORES } from './access';
import { addressed, addressOf, marksOf, withAddresses } from './address';
import { BACK, type Closure, closure, madeText, NEXT, type Row } from './closure';
import { shared } from './composed';
import { CONTROL } from './control';
import { COMPOSED_PAIRS, COMPOSED_STATEMENTS, COMPOSED_TERMINATORS, FUSED } from './fused';
import { loopFactories, vectorFactories } from './generate-vectors';
import { type Kind, TEMPLATES, type Template } from './table';
import { count, substitute } from './text';

const NAMES = ['a', 'b', 'c'];

interface Operands {
  readonly params: string[];
  /** Declarations, in evaluation order. */
  readonly bind: string;
  readonly code: string;
}

function slot(kind: Kind, at: string): string {
  return kind === 'F' ? `F[${at}>>1]` : kind === 'f' ? `S[${at}]` : `I[${at}]`;
}

/** Puts the operands' forms into the code. Operands used twice, and words of an i64, are bound to constants first. */
function operands(template: Template, form: string): Operands {
  const params: string[] = [];
  let bind = '';
  let code = template.code;
  const bindAll = template.operands.length > 1 && form.includes('e') && template.operands.includes('I');
  template.operands.forEach((kind, k) => {
    const param = NAMES[k];
    const upper = param.toUpperCase();
    const how = form[k];
    params.push(param);
    if (kind === 'I') {
      if (how === 'k') {
        params.push(`${param}2`);
        code = substitute(substitute(code, `${upper}L`, param), `${upper}H`, `${param}2`);
        return;
      }
      const low = `${param}l`;
      const high = `${param}h`;
      if (how === 'r') bind += `const ${low}=I[fp+${param}]`;
      else bind += `const ${low}=${param}(fp)`;
      if (count(code, `${upper}H`) > 0) bind += how === 'r' ? `,${high}=I[fp+${param}+1]` : `,${high}=W.hi`;
      bind += ';';
      code = substitute(substitute(code, `${upper}L`, low), `${upper}H`, high);
      return;
    }
    const value = how === 'k' ? param : how === 'r' ? slot(kind, `fp+${param}`) : `${param}(fp)`;
    if (how !== 'k' && (bindAll || count(code, upper) > 1)) {
      bind += `const ${param}v=${value};`;
      code = substitute(code, upper, `${param}v`);
    } else {
      code = substitute(code, upper, value);
    }
  });
  if (template.traps) params.push('at');
  return { params, bind, code };
}

function temporaries(code: string): string {
  return count(code, 't') > 0 ? 'let t;' : '';
}

/** The closure's value: `bind` first, then one expression, or two for the words of an i64. */
function valueClosure(result: Kind, bind: string, code: string): Closure {
  const before = temporaries(code) + bind;
  if (result !== 'I') return closure(before, code);
  const [low, high] = code.split(';');
  if (high === 'W.hi') return closure(bind, low);
  return closure(`${before}const l=${low};W.hi=${high};`, 'l');
}

/** The closure that writes the value to slot d and goes on with n. NaNs made by arithmetic become canonical here. */
function setClosure(result: Kind, bind: string, code: string, arithmetic: boolean): Closure {
  const before = temporaries(code) + bind;
  if (result === 'I') {
    const [low, high] = code.split(';');
    return closure(`${before}const l=${low};I[fp+d+1]=${high};I[fp+d]=l;`, NEXT);
  }
  if (arithmetic) return closure(`${bind}const x=${code};${slot(result, 'fp+d')}=x===x?x:NaN;`, NEXT);
  return closure(`${before}${slot(result, 'fp+d')}=${code};`, NEXT);
}

const full = new Map<string, Row>();
const compact = new Map<string, Row>();

function emit(name: string, params: readonly string[], makes: Closure | string, needed: boolean): void {
  if (full.has(name)) throw new Error(`factory ${name} is generated twice`);
  full.set(name, [params, makes]);
  if (needed) compact.set(name, [params, makes]);
}

/** The form that assemble.ts falls back to: nested closures only, but for shifts whose amount is always a constant. */
function isFallback(form: string, forms: readonly string[]): boolean {
  return [...form].every((how) => how === 'e') || (form === 'ek' && !forms.includes('ee'));
}

for (const [name, template] of TEMPLATES) {
  for (const form of template.forms) {
    const { params, bind, code } = operands(template, form);
    const closure = valueClosure(template.result, bind, code);
    emit(`${name}/${form}`, params, closure, isFallback(form, template.forms));
  }
  for (const form of template.sets ?? []) {
    const { params, bind, code } = operands(template, form);
    const closure = setClosure(template.result, bind, code, template.arithmetic === true);
    emit(`set ${name}/${form}`, ['d', ...params, 'n'], closure, false);
  }
  for (const form of template.ifs ?? []) {
    const { params, bind, code } = operands({ ...template, code: template.test ?? template.code }, form);
    emit(`if ${name}/${form}`, [...params, 'y', 'n'], closure(bind, `${code}?y(fp):${NEXT}`), false);
    if (template.operands[0] !== 'i') continue;
    const back = closure(bind, `${code}?${BACK}:${NEXT}`);
    emit(`loop ${name}/${form}`, [...params, 'site', 'header', 'n'], back, false);
  }
}

for (const [name, load] of Object.entries(LOADS)) {
  for (const how of ['r', 'e']) {
    const bind = addressed(addressOf(how), load.bytes);
    emit(`${name}/${how}`, ['a', 'o', 'm', 'at'], valueClosure(load.result, bind, load.code), how === 'e');
    if (load.result === 'i' || load.result === 'I') {
      const closure = setClosure(load.result, bind, load.code, false);
      emit(`set ${name}/${how}`, ['d', 'a', 'o', 'm', 'at', 'n'], closure, false);
    }
    if (load.result === 'i' && load.bytes !== 2) {
      const branch = closure(bind, `(${load.code})!==0?y(fp):${NEXT}`);
      emit(`if ${name}/${how}`, ['a', 'o', 'm', 'at', 'y', 'n'], branch, false);
    }
  }
}

for (const [name, store] of Object.entries(STORES)) {
  for (const form of store.forms) {
    const [how, what] = form;
    const params = ['a', 'b', 'o', 'm', 'at', 'n'];
    // The address is evaluated before the value, and checked behind it.
    let bind = how === 'r' ? '' : 'const x=a(fp);';
    let code = store.code;
    if (store.operand === 'I') {
      bind += what === 'r' ? 'const w=I[fp+b],h=I[fp+b+1];' : 'const w=b(fp),h=W.hi;';
      code = substitute(substitute(code, 'XL', 'w'), 'XH', 'h');
    } else {
      const value = what === 'k' ? 'b' : what === 'r' ? slot(store.operand, 'fp+b') : 'b(fp)';
      const float = store.operand === 'f' || store.operand === 'F';
      bind += float ? `let w=${value};if(w!==w)w=NaN;` : what === 'k' ? '' : `const w=${value};`;
      code = substitute(code, 'X', what === 'k' ? 'b' : 'w');
    }
    const body = `${bind}${addressed(how === 'r' ? 'I[fp+a]' : 'x', store.bytes)}${code};`;
    emit(`${name}/${form}`, params, closure(body, NEXT), isFallback(form, store.forms));
    if (form !== 'ee') continue;
    emit(`track ${name}/ee`, params, closure(body + marksOf(store.bytes), NEXT), true);
  }
}

for (const [name, [params, makes]] of Object.entries(CONTROL)) emit(name, params, makes, true);
for (const [name, [params, makes]] of Object.entries(FUSED)) emit(name, params, makes, false);

/** For hosts that inline there is nothing to compose. */
const single = new Map(full);

function made(name: string): { readonly params: readonly string[]; readonly makes: Closure } {
  const row = full.get(name);
  if (row === undefined || typeof row[1] === 'string') throw new Error(`no closure ${name} to compose`);
  return { params: row[0], makes: row[1] };
}

/** One closure for a statement and what is behind it, whose parameters get a 2. */
function compose(first: string, second: string): void {
  const { params, makes } = made(first);
  if (makes.value !== NEXT) throw new Error(`${first} does not go on with the next step`);
  const behind = made(second);
  const own = params.slice(0, -1);
  const shared = (param: string) => param === 'm' && own.includes('m');
  const renamed = (param: string) => (['m', 'y', 'n'].includes(param) ? param : `${param}2`);
  const rename = (text: string) =>
    behind.params.reduce((renaming, param) => substitute(renaming, param, renamed(param)), text);
  const together = [...own, ...behind.params.filter((param) => !shared(param)).map(renamed)];
  const { before, value } = behind.makes;
  emit(`${first}+${second}`, together, closure(`{${makes.before}}${rename(before)}`, rename(value)), false);
}
for (const first of COMPOSED_STATEMENTS) {
  for (const second of [...COMPOSED_STATEMENTS, ...COMPOSED_TERMINATORS]) compose(first, second);
}
for (const [first, second] of COMPOSED_PAIRS) compose(first, second);

/** Texts by name, with the addresses as one sort of engine likes them. */
function texts(
  factories: ReadonlyMap<string, Row>,
  how: Parameters<typeof withAddresses>[1],
): Map<string, string> {
  const rows = [...factories].map(([name, [params, makes]]): [string, string] => [
    name,
    `(${params.join()})=>${madeText(makes)}`,
  ]);
  return withAddresses(new Map(rows), how);
}

/** A property of a set: a factory, `(params)=>closure`, under its name. */
type Property = (key: string, factory: string) => string;

/**
 * As a method: V8 reads over the bodies of methods until they are called, but parses arrow functions in full, and takes three to five times as
 * long to make an object of all of them.
 */
const method: Property = (key, factory) => {
  const arrow = factory.indexOf('=>');
  const [params, body] = [factory.slice(0, arrow), factory.slice(arrow + 2)];
  return `${key}${params}${body.startsWith('{') ? body : `{return ${body}}`}`;
};
/** The shorter text, for QuickJS, which compiles everything at once, and for the compact set. */
const arrow: Property = (key, factory) => `${key}:${factory}`;

/** A module of the compact set. It imports what templates call N, so that a bundler can shorten those names too. */
function compactText(factories: ReadonlyMap<string, string>, variables = ''): string {
  const rows = [...factories].map(([name, factory]) => arrow(JSON.stringify(name), factory));
  return `import*as N from'../runtime/numerics';
export function createFactories(E){
var{I,S,F,R,RS,RF,RC,M,W,T}=E;
${variables}
return{
${rows.join(',\n')}
}}
`;
}

/**
 * A module of all factories, for engines without a compiler: a variable is read in a third of the time of a property there, and with `var`
 * without a check that it is initialised. So factories that access a memory are made once for each memory, with its views as
 * variables, and the registers are variables too, behind accessors of the same names. That goes for one set only, so whoever asks for
 * another gets the first. What is taken out of an object among the parameters has that check, too: out of the environment variables are made.
 */
function fullText(factories: ReadonlyMap<string, Row>, property: Property): string {
  const used = { N: new Set<string>(), Math: new Set<string>() };
  const plain: string[] = [];
  const bound: string[] = [];
  const behindParams = new Map([...factories].map(([name, [, makes]]) => [name, madeText(makes)]));
  for (const [name, expanded] of withAddresses(behindParams, 'interpreted')) {
    const text = expanded.replace(/\b(N|Math)\.(\w+)/g, (_, space: 'N' | 'Math', helper: string) => {
      used[space].add(helper);
      return helper;
    });
    const key = JSON.stringify(name);
    const [params] = factories.get(name)!;
    const own = params.filter((param) => param !== 'm').join();
    if (own === params.join()) plain.push(property(key, `(${own})=>${text}`));
    else {
      plain.push(property(key, `(${params.join()})=>of(m)[${key}](${own})`));
      bound.push(property(key, `(${own})=>${text.replace(VIEW, '$1')}`));
    }
  }
  const views = `{${VIEWS.join(',')}}`;
  const registers = REGISTERS.map((name) => `${name}$=M.${name}`).join(',');
  const accessors = REGISTERS.map((name) => `${name}:{get:()=>${name}$,set:v=>{${name}$=v}}`).join(',\n');
  const direct = (text: string) => text.replace(REGISTER, '$1$');
  return `export function createFactories(E){
var{I,S,F,R,RS,RF,RC,M,W,N,T}=E;
if(M.set!==undefined)return M.set;
var{${[...used.N].join(',')}}=N,{${[...used.Math].join(',')}}=Math;
var ${registers};
Object.defineProperties(M,{
${accessors}
});
const bound=m=>{
var ${views}=m;
const before=m.moved;
m.moved=()=>{before?.();(${views}=m)};
return{
${direct(bound.join(',\n'))}
}};
const of=m=>{
const sets=m.bound??=new Map;
let b=sets.get(M);
if(b===undefined)sets.set(M,b=bound(m));
return b};
return M.set={
${direct(plain.join(',\n'))}
}}
`;
}
const REGISTERS = ['fp', 'sp', 'fuel', 'maxSp', 'maxFp', 'nest', 'yielded'];
const REGISTER = new RegExp(`\\bM\\.(${REGISTERS.join('|')})\\b`, 'g');
const VIEWS = ['u8', 'u16', 'i32', 'f32', 'f64', 'top1', 'top2', 'top4', 'top8'];
const VIEW = new RegExp(`\\bm\\.(${VIEWS.join('|')})\\b`, 'g');

/** A module of what SIMD instructions are made of, beside one of the two others. */
function vectorText(factories: ReadonlyMap<string, string>, property: Property): string {
  const used = new Set<string>();
  const direct = (text: string) =>
    text.replace(/\bMath\.(\w+)/g, (_, helper: string) => {
      used.add(helper);
      return helper;
    });
  const rows = [...factories].map(([name, factory]) => property(JSON.stringify(name), direct(factory)));
  return `import*as N from'../runtime/numerics';
import*as V from'../runtime/vectors';
export{V as vectorFunctions};
export function createVectorFactories(E){
var{I,S,F,B,W}=E,{${[...used].join(',')}}=Math;
return{
${rows.join(',\n')}
}}
`;
}

/**
 * Each factory as a function of what it needs of the environment, and of its own operands: all in one context, where a variable takes two bytes
 * of V8's bytecode. Functions of up to 27 bytes are inlined however much is inlined already, so helpers are variables too; and none is taken
 * out of an object among the parameters, behind which V8 looks at each of them, whenever it is read, for having a value yet: two bytes more.
 * Two texts: the paths of what it needs, and the rest from its own first parameter on.
 */
function freshText(factories: ReadonlyMap<string, string>): string {
  const texts = [...factories].map(([name, factory]) => {
    const needs = ['I', 'S', 'F', 'B', 'R', 'RS', 'RF', 'RC', 'M', 'W', 'T'].filter(
      (view) => count(factory, view) > 0,
    );
    needs.push(...new Set(factory.match(/\b(?:N|V|Math)\.\w+/g)));
    return [name, [needs.join(), factory.slice(1).replace(/\b(?:N|V|Math)\./g, '')]];
  });
  return JSON.stringify(Object.fromEntries(texts), undefined, 0);
}

const types = `import type { Factories, FactoryEnvironment } from './factories';
/** Makes a set of closure factories. */
export declare function createFactories(environment: FactoryEnvironment): Factories;
`;
const vectorTypes = `import type { Factories, FactoryEnvironment } from './factories';
export declare const vectorFunctions: object;
export declare function createVectorFactories(environment: FactoryEnvironment): Factories;
`;
const target = process.env['TSWASM_GENERATE_TO'] ?? join(process.cwd(), 'src/interpreter');
/** What is the same stays: a compiler may be reading it. */
function write(file: string, text: string): void {
  const to = join(target, file);
  if (!existsSync(to) || readFileSync(to, 'utf8') !== text) writeFileSync(to, text);
  console.log(`${file}: ${text.length} bytes`);
}
for (const [file, source] of [
  ['factories', compactText(texts(compact, 'compiled'))],
  ['factories-full', fullText(full, method)],
]) {
  write(`${file}.generated.js`, source);
  write(`${file}.generated.d.ts`, types);
}
const vectors = withAddresses(vectorFactories(), 'compiled');
write('factories-simd.generated.js', vectorText(vectors, method));
write('factories-simd.generated.d.ts', vectorTypes);
const { variables, rows } = shared(texts(compact, 'interpreted'));
write('factories-arrows.generated.js', compactText(rows, variables));
write('factories-full-arrows.generated.js', fullText(full, arrow));
write('factories-simd-arrows.generated.js', vectorText(vectors, arrow));
const loops = withAddresses(loopFactories(), 'compiled');
write(
  'factories-fresh.generated.json',
  freshText(new Map([...texts(single, 'compiled'), ...vectors, ...loops])),
);
