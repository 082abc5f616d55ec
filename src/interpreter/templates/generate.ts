/**
 * Writes the closure factories: one for each template and operand form, plus the fixed forms of control.ts. A factory takes what the
 * instruction knows when it is lowered (slots as word offsets, constants, nested closures, the next step) and returns the closure that
 * runs. Run at build time (`npm run generate`); the results are never committed:
 * - `factories.generated.js`, the compact set: only the forms that lowering cannot do without. The core carries it.
 * - `factories-full.generated.js`, every form: fewer calls, for hosts that can spend 30 KB more (src/factories.ts);
 * - `factories-simd.generated.js`, what SIMD instructions are made of, which goes with either;
 * - `factories-fresh.generated.json`, the text of each of those by its name, for a host that evaluates them one by one (embed/node).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADS, STORES } from './access';
import { addressed, addressOf, marksOf, withAddresses } from './address';
import { CONTROL } from './control';
import { COMPOSED_PAIRS, COMPOSED_STATEMENTS, COMPOSED_TERMINATORS, FUSED } from './fused';
import { vectorFactories } from './generate-vectors';
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
function valueClosure(result: Kind, bind: string, code: string): string {
  const temp = temporaries(code);
  if (result !== 'I') {
    if (bind === '' && temp === '') return `fp=>${code}`;
    return `fp=>{${temp}${bind}return ${code}}`;
  }
  const [low, high] = code.split(';');
  if (high === 'W.hi') return bind === '' ? `fp=>${low}` : `fp=>{${bind}return ${low}}`;
  return `fp=>{${temp}${bind}const l=${low};W.hi=${high};return l}`;
}

/** The closure that writes the value to slot d and goes on with n. NaNs made by arithmetic become canonical here. */
function setClosure(result: Kind, bind: string, code: string, arithmetic: boolean): string {
  const temp = temporaries(code);
  if (result === 'I') {
    const [low, high] = code.split(';');
    return `fp=>{${temp}${bind}const l=${low};I[fp+d+1]=${high};I[fp+d]=l;return n(fp)}`;
  }
  if (arithmetic) return `fp=>{${bind}const x=${code};${slot(result, 'fp+d')}=x===x?x:NaN;return n(fp)}`;
  return `fp=>{${temp}${bind}${slot(result, 'fp+d')}=${code};return n(fp)}`;
}

const full = new Map<string, string>();
/** Those of the full set that take a memory's views `m`. */
const accesses = new Set<string>();
const compact = new Map<string, string>();

function emit(name: string, params: readonly string[], closure: string, needed: boolean): void {
  if (full.has(name)) throw new Error(`factory ${name} is generated twice`);
  const factory = `(${params.join(',')})=>${closure}`;
  full.set(name, factory);
  if (params.includes('m')) accesses.add(name);
  if (needed) compact.set(name, factory);
}

/** The form that assemble.ts falls back to: nested closures only, but for shifts whose amount is always a constant. */
function isFallback(form: string, forms: readonly string[]): boolean {
  return /^e+$/.test(form) || (form === 'ek' && !forms.includes('ee'));
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
    const { params, bind, code } = operands(template, form);
    const condition = code.replace(/\?1:0$/, '');
    const body =
      bind === '' ? `fp=>${condition}?y(fp):n(fp)` : `fp=>{${bind}return ${condition}?y(fp):n(fp)}`;
    emit(`if ${name}/${form}`, [...params, 'y', 'n'], body, false);
    if (template.operands[0] !== 'i') continue;
    const back = body.replace('y(fp)', '(--M.fuel<0?(M.yielded=site,null):header)');
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
      const body = `fp=>{${bind}return(${load.code})!==0?y(fp):n(fp)}`;
      emit(`if ${name}/${how}`, ['a', 'o', 'm', 'at', 'y', 'n'], body, false);
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
    emit(`${name}/${form}`, params, `fp=>{${body}return n(fp)}`, isFallback(form, store.forms));
    if (form !== 'ee') continue;
    emit(`track ${name}/ee`, params, `fp=>{${body}${marksOf(store.bytes)}return n(fp)}`, true);
  }
}

for (const [name, [params, closure]] of Object.entries(CONTROL)) emit(name, params, closure, true);
for (const [name, [params, closure]] of Object.entries(FUSED)) emit(name, params, closure, false);

/** For hosts that inline there is nothing to compose. */
const single = new Map(full);

/** The parameters and the statements of a factory's closure. */
function partsOf(name: string): { params: string[]; body: string } {
  const [, params, body] = /^\((.*?)\)=>(?:fp|\(\))=>(.*)$/.exec(full.get(name)!)!;
  return {
    params: params.split(',').filter((param) => param !== ''),
    body: body.startsWith('{') ? body.slice(1, -1) : `return ${body}`,
  };
}

/** One closure for a statement and what is behind it, whose parameters get a 2. */
function compose(first: string, second: string): void {
  const { params, body } = partsOf(first);
  const behind = partsOf(second);
  const own = params.slice(0, -1);
  const shared = (param: string) => param === 'm' && own.includes('m');
  const renamed = (param: string) => (['m', 'y', 'n'].includes(param) ? param : `${param}2`);
  let text = behind.body;
  for (const param of behind.params) text = substitute(text, param, renamed(param));
  const statement = body.replace(/return n\(fp\)$/, '');
  const together = [...own, ...behind.params.filter((param) => !shared(param)).map(renamed)];
  emit(`${first}+${second}`, together, `fp=>{{${statement}}${text}}`, false);
}
for (const first of COMPOSED_STATEMENTS) {
  for (const second of [...COMPOSED_STATEMENTS, ...COMPOSED_TERMINATORS]) compose(first, second);
}
for (const [first, second] of COMPOSED_PAIRS) compose(first, second);

/** A module of the compact set. It imports what templates call N, so that a bundler can shorten those names too. */
function compactText(factories: ReadonlyMap<string, string>): string {
  const rows = [...factories].map(([name, factory]) => `${JSON.stringify(name)}:${factory}`);
  return `import*as N from'../runtime/numerics';
export function createFactories({I,S,F,R,RS,RF,RC,M,W,T}){
return{
${rows.join(',\n')}
}}
`;
}

/**
 * A module of all factories, for engines without a compiler: a variable is read in a third of the time of a property there, and with `var`
 * without a check that it is initialised. So factories that access a memory are made once for each memory, with its views as
 * variables, and the registers are variables too, behind accessors of the same names. That goes for one set only, so whoever asks for
 * another gets the first.
 */
function fullText(factories: ReadonlyMap<string, string>): string {
  const used = new Set<string>();
  const plain: string[] = [];
  const bound: string[] = [];
  for (const [name, factory] of factories) {
    const text = factory.replace(/\bN\.(\w+)/g, (_, helper: string) => {
      used.add(helper);
      return helper;
    });
    const key = JSON.stringify(name);
    if (!accesses.has(name)) plain.push(`${key}:${text}`);
    else {
      const params = /^\((.*?)\)/.exec(text)![1];
      plain.push(`${key}:(${params})=>of(m)[${key}](${params.replace(/,m\b/, '')})`);
      bound.push(`${key}:${text.replace(/,m\b/, '').replace(VIEW, '$1')}`);
    }
  }
  const views = `{${VIEWS.join(',')}}`;
  const registers = REGISTERS.map((name) => `${name}$=M.${name}`).join(',');
  const accessors = REGISTERS.map((name) => `${name}:{get:()=>${name}$,set:v=>{${name}$=v}}`).join(',\n');
  const direct = (text: string) => text.replace(REGISTER, '$1$');
  return `export function createFactories({I,S,F,R,RS,RF,RC,M,W,N,T}){
if(M.set!==undefined)return M.set;
var {${[...used].join(',')}}=N;
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
const made=new WeakMap;
const of=m=>{
let b=made.get(m);
if(b===undefined)made.set(m,b=bound(m));
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
function vectorText(factories: ReadonlyMap<string, string>): string {
  const rows = [...factories].map(([name, factory]) => `${JSON.stringify(name)}:${factory}`);
  return `import*as N from'../runtime/numerics';
import*as V from'../runtime/vectors';
export{V as vectorFunctions};
export function createVectorFactories({I,S,F,B,W}){
return{
${rows.join(',\n')}
}}
`;
}

/** Each factory as a function of what it needs of the environment. */
function freshText(factories: ReadonlyMap<string, string>): string {
  const texts = [...factories].map(([name, factory]) => {
    const views = ['I', 'S', 'F', 'B', 'R', 'RS', 'RF', 'RC', 'M', 'W', 'T'].filter(
      (view) => count(factory, view) > 0,
    );
    for (const space of ['N', 'V']) {
      const used = new RegExp(`\\b${space}\\.\\w+`, 'g');
      const helpers = new Set(factory.match(used)?.map((helper) => helper.slice(2)));
      if (helpers.size > 0) views.push(`${space}:{${[...helpers].join(',')}}`);
    }
    return [name, `({${views.join(',')}})=>${factory.replace(/\b[NV]\./g, '')}`];
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
function write(file: string, text: string): void {
  writeFileSync(join(target, file), text);
  console.log(`${file}: ${text.length} bytes`);
}
for (const [file, source] of [
  ['factories', compactText(withAddresses(compact, 'compiled'))],
  ['factories-full', fullText(withAddresses(full, 'interpreted'))],
]) {
  write(`${file}.generated.js`, source);
  write(`${file}.generated.d.ts`, types);
}
const vectors = withAddresses(vectorFactories(), 'compiled');
write('factories-simd.generated.js', vectorText(vectors));
write('factories-simd.generated.d.ts', vectorTypes);
write(
  'factories-fresh.generated.json',
  freshText(new Map([...withAddresses(single, 'compiled'), ...vectors])),
);
