/**
 * Closure factories of SIMD instructions, from the rows of vectors.ts. Each is a statement: its vectors are slots, which a closure captures
 * as word offsets (d the result, a, b, c the operands), and what is no vector is a nested closure, or as the name says a slot (/r) or a
 * constant (/k).
 *
 * The result may lie on an operand, or begin a slot below one. So what crosses lanes is read before anything is written, and
 * everything else goes up word by word.
 */
import type { LoadOp } from '../../decoder';
import { instructionOf, OP } from '../../decoder/instructions';
import {
  AS_NUMBERS,
  DIRECT,
  type DirectOp,
  HALVES,
  LANE_LOADS,
  LANEWISE,
  type NestedWideningOp,
  WIDENING,
} from '../../lowering';
import { LOADS } from './access';
import { addressed, addressOf, marksOf } from './address';
import { count, substitute } from './text';
import { type Access, type Lanes, type Test, VECTORS, type VectorTemplate, WIDENED } from './vectors';

const PARAMS = ['a', 'b', 'c'];
const PLACES = ['p', 'q', 's'];
const LETTERS = ['A', 'B', 'C'];
const VALUES = ['x', 'y', 'z'];

/** An instruction's operands, and how a factory's closure gets at those that are no vectors. */
interface Operands {
  readonly name: string;
  /** Their kinds, as in the instruction table. */
  readonly kinds: readonly string[];
  readonly params: readonly string[];
}

/** Binds the places that the code uses, and puts the words of vectors into it. */
function placed({ kinds }: Operands, code: string): string {
  let text = code;
  let bind = '';
  kinds
    .filter((kind) => kind === 'v')
    .forEach((_, k) => {
      const place = PLACES[k];
      for (let word = 0; word < 4; word++) {
        const at = word === 0 ? place : `${place}+${word}`;
        text = substitute(text, `${place.toUpperCase()}${word}`, `I[${at}]`);
      }
      if (k === 0) for (const word of ['0', '1']) text = substitute(text, `D${word}`, `F[(p>>1)+${word}]`);
    });
  kinds.forEach((kind, k) => {
    if (kind !== 'v') return;
    const place = PLACES[kinds.slice(0, k).filter((before) => before === 'v').length];
    if (count(text, place) > 0) bind += `,${place}=fp+${PARAMS[k]}`;
  });
  if (count(text, 'r') > 0) bind += ',r=fp+d';
  return `${bind === '' ? '' : `const ${bind.slice(1)};`}${text}`;
}

/** The value of a lane, and bindings of what it uses more than once. */
function laneValue({ from, code }: Lanes, lane: number, vectors: number): { bind: string; text: string } {
  const wide = from === 'I' || from === 'F';
  const at = (place: string, word: number) => `${place}${word > 0 ? `+${word}` : ''}`;
  let text = code;
  let bind = '';
  for (let k = 0; k < vectors; k++) {
    const place = PLACES[k];
    const letter = LETTERS[k];
    const low = `I[${at(place, wide ? 2 * lane : lane)}]`;
    text = substitute(text, `${letter}I`, low);
    for (const [part, read, name] of [
      [`${letter}L`, low, `${VALUES[k]}l`],
      [`${letter}H`, `I[${at(place, 2 * lane + 1)}]`, `${VALUES[k]}h`],
    ]) {
      if (count(text, part) === 0) continue;
      bind += `,${name}=${read}`;
      text = substitute(text, part, name);
    }
    const value =
      from === 'f' ? `S[${at(place, lane)}]` : from === 'F' ? `F[(${place}>>1)${lane > 0 ? '+1' : ''}]` : low;
    if (count(text, letter) > 1) bind += `,${VALUES[k]}=${value}`;
    text = substitute(text, letter, count(text, letter) > 1 ? VALUES[k] : value);
  }
  return { bind, text };
}

/** One lane: reads what is used more than once, and writes the result. */
function laneCode(template: Lanes, lane: number, vectors: number): string {
  const { from, to } = template;
  const { bind, text } = laneValue(template, lane, vectors);
  const start = (bind === '' ? '' : `const ${bind.slice(1)};`) + (count(text, 't') > 0 ? 'let t;' : '');
  return `{${start}${written(to, text, lane, from === 'I' || from === 'F')}}`;
}

function written(to: Lanes['to'], code: string, lane: number, wide: boolean): string {
  const word = (k: number) => `I[r${k > 0 ? `+${k}` : ''}]`;
  const pair = [word(2 * lane), word(2 * lane + 1)];
  switch (to) {
    case 'i':
      return `${word(lane)}=${code};`;
    case 'mask':
      return wide ? `const m=${code}?-1:0;${pair[0]}=m;${pair[1]}=m;` : `${word(lane)}=${code}?-1:0;`;
    case 'I': {
      const [low, high] = code.split(';');
      return `const l=${low},h=${high};${pair[0]}=l;${pair[1]}=h;`;
    }
    case 'f':
      return `S[r${lane > 0 ? `+${lane}` : ''}]=${code};`;
    case 'F':
      return `F[(r>>1)${lane > 0 ? '+1' : ''}]=${code};`;
  }
}

/**
 * Arithmetic on floats, whose NaNs become the canonical one. A sum that is no NaN says that there is none, for less than a look at each
 * lane. The lanes are doubles until they are written, which rounds them. `isRaw`: whoever reads them looks himself.
 */
function arithmeticCode(template: Lanes, numberOf: (lane: number) => string, isRaw = false): string {
  const names = template.to === 'f' ? ['w', 'x', 'y', 'z'] : ['w', 'x'];
  const values = names.map((name, k) => `${name}=${numberOf(k)}`);
  const start = `const ${values.join(',')}`;
  const writes = names.map((name, k) => written(template.to, name, k, false)).join('');
  const quiet = template.to === 'f' ? 'V.quiet32(S,r)' : 'V.quiet64(F,r>>1)';
  return isRaw ? `${start};${writes}` : `${start},u=${names.join('+')};${writes}if(u!==u)${quiet};`;
}

/** The statements of a template. */
function statementsOf(template: Exclude<VectorTemplate, Access | Test>, { kinds }: Operands): string {
  switch (template.shape) {
    case 'lanes': {
      const wide = template.from === 'I' || template.from === 'F';
      const vectors = kinds.filter((kind) => kind === 'v').length;
      if (template.arithmetic)
        return arithmeticCode(template, (lane) => laneValue(template, lane, vectors).text);
      return Array.from({ length: wide ? 2 : 4 }, (_, k) => laneCode(template, k, vectors)).join('');
    }
    case 'words': {
      const [w, x, y, z] = template.words;
      return `const w=${w},x=${x},y=${y},z=${z};I[r]=w;I[r+1]=x;I[r+2]=y;I[r+3]=z;`;
    }
    case 'statements':
      return template.code;
  }
}

const IMMEDIATES = ['k', 'k2', 'k3', 'k4', ...Array.from({ length: 16 }, (_, lane) => `b${lane}`)];
/** Parameters of the immediates that the code uses. */
function immediatesIn(code: string): string[] {
  return IMMEDIATES.filter((name) => count(code, name) > 0);
}

const factories = new Map<string, string>();
/** What computes a tree in a loop, where factories are fresh: see vectors.ts of the interpreter. */
const loops = new Map<string, string>();
function emit(name: string, params: readonly string[], body: string, to = factories): void {
  to.set(name, `(${params.join(',')})=>fp=>{${body}return n(fp)}`);
}

function emitAccess(operands: Operands, { shape, bytes, code }: Access): void {
  const { name, params } = operands;
  const all = [...params, ...immediatesIn(code), 'o', 'm', 'at', 'n'];
  for (const how of ['r', 'e']) {
    const body = addressed(addressOf(how), bytes) + placed(operands, code);
    if (shape === 'load') emit(`set ${name}/${how}`, ['d', ...all], body);
    else {
      emit(`${name}/${how}`, all, body);
      emit(`track ${name}/${how}`, all, `${body};${marksOf(bytes)}`);
    }
  }
}

function emitStatement(operands: Operands, template: Exclude<VectorTemplate, Access | Test>): void {
  const { name, kinds, params } = operands;
  const code = statementsOf(template, operands);
  const immediates = immediatesIn(code);
  // The bytes of a shuffle say where they are.
  const all = ['d', ...(immediates.includes('b0') ? [] : params), ...immediates, 'n'];
  const other = kinds.findIndex((kind) => kind !== 'v');
  if (other < 0) {
    emit(`set ${name}`, all, placed(operands, code));
    return;
  }
  const param = PARAMS[other];
  if (template.shape === 'lanes') {
    const amount = `&${template.amount}`;
    emit(
      `set ${name}/e`,
      all,
      `const k=${param}(fp)${amount};${placed(operands, substitute(code, 'K', 'k'))}`,
    );
    const body = placed(operands, substitute(code, 'K', param));
    factories.set(
      `set ${name}/k`,
      `(${all.join(',')})=>(${param}=>fp=>{${body}return n(fp)})(${param}&${template.amount})`,
    );
    return;
  }
  const value = `const w=${param}(fp)${count(code, 'h') > 0 ? ',h=W.hi' : ''};`;
  emit(`set ${name}/e`, all, value + placed(operands, code));
}

function emitRow(name: string, template: VectorTemplate): void {
  const [kinds] = instructionOf[OP[name as keyof typeof VECTORS]]!.sig.split(':');
  const operands: Operands = { name, kinds: [...kinds], params: PARAMS.slice(0, kinds.length) };
  switch (template.shape) {
    case 'load':
    case 'store':
      emitAccess(operands, template);
      return;
    case 'test':
      factories.set(name, `(a)=>fp=>{${placed(operands, `return ${template.code}`)}}`);
      return;
    case 'lanes':
    case 'words':
    case 'statements':
      emitStatement(operands, template);
  }
}
for (const [name, template] of Object.entries(VECTORS)) emitRow(name, template);

// Arithmetic whose operands are in places (r), in memory (m), to which a closure gives the address, or the same in all lanes (k)

function emitDirect(name: string, template: Lanes, forms: readonly string[], isRaw: boolean): void {
  const isWide = template.to === 'F';
  const [view, by] = isWide ? ['f64', 3] : ['f32', 2];
  for (const form of forms) {
    const of = (k: number, lane: number): string => {
      const next = lane > 0 ? `+${lane}` : '';
      if (form[k] === 'k') return PARAMS[k];
      const place = PLACES[k];
      return form[k] === 'm' ? `g[j${next}]` : isWide ? `F[(${place}>>1)${next}]` : `S[${place}${next}]`;
    };
    const number = (lane: number) => template.code.replace(/[AB]/g, (x) => of(LETTERS.indexOf(x), lane));
    const read = [0, 1].map((k) => (form[k] === 'r' ? `${PLACES[k]}=fp+${PARAMS[k]},` : '')).join('');
    const places = `const ${read}r=fp+d;${arithmeticCode(template, number, isRaw)}`;
    const m = form.indexOf('m');
    const how = form === 'rr' ? '' : `/${form}`;
    if (m < 0) {
      emit(`set ${name}${how}`, ['d', 'a', 'b', 'n'], places);
      continue;
    }
    const aligned = `let g=m.${view},j=v>>>${by};if(v&${2 ** by - 1}){g=V.unaligned${isWide ? 64 : 32}(m,v);j=0}`;
    const body = `${addressed(`${PARAMS[m]}(fp)`, 16)}${aligned}{${places}}`;
    emit(`set ${name}${how}`, ['d', 'a', 'b', 'o', 'm', 'at', 'n'], body);
  }
}
for (const name of Object.keys(DIRECT) as DirectOp[]) {
  emitDirect(name, VECTORS[name] as Lanes, DIRECT[name], false);
  emitDirect(`raw ${name}`, VECTORS[name] as Lanes, ['rr', ...DIRECT[name]], true);
}

// Single words of trees of instructions that do the same in each lane

const WORDS = [0, 1, 2, 3];
const WORD_FORMS = ['rr', 'rk', 'ek', 'ee'];

type WordTemplate = Pick<Lanes, 'to' | 'code' | 'amount'>;

/**
 * A word of the result, for each form of the operands: in a slot (r), a constant (k), or a closure (e). As a number of its own, or as the
 * word `j` of a tree that is computed in a loop: there `fp` is `j` words on, so that most that is read stands where it does for a number.
 */
function emitWord(name: string, { to, code, amount }: WordTemplate, operands: number, lane: '' | ',j'): void {
  const forms = amount !== undefined ? ['rk', 'ek'] : operands === 1 ? ['r', 'e'] : WORD_FORMS;
  const parameters = lane === '' ? 'fp' : '(fp,j)';
  for (const form of forms) {
    let text = amount === undefined ? code : substitute(code, 'K', 'b');
    let bind = '';
    for (const [k, how] of [...form].entries()) {
      const slot = `I[fp+${PARAMS[k]}]`;
      const value = how === 'k' ? PARAMS[k] : how === 'e' ? `${PARAMS[k]}(fp${lane})` : slot;
      const isBound = how !== 'k' && (count(text, LETTERS[k]) > 1 || form === 'ee');
      if (isBound) bind += `,${VALUES[k]}=${value}`;
      text = substitute(text, LETTERS[k], isBound ? VALUES[k] : value);
    }
    if (to === 'mask') text = `(${text})?-1:0`;
    const params = PARAMS.slice(0, form.length).join(',');
    const result = bind === '' ? text : `{const ${bind.slice(1)};return ${text}}`;
    // What a function assigns is a variable to V8 wherever it is read: the amount is another function's.
    const made =
      amount === undefined ? `${parameters}=>${result}` : `(b=>${parameters}=>${result})(b&${amount})`;
    (lane === '' ? factories : loops).set(`${name}/${form}`, `(${params})=>${made}`);
  }
}

for (const name of LANEWISE) {
  const template = VECTORS[name];
  if (template.shape !== 'lanes' || template.from !== 'i') throw new Error(`${name} has no lanes of words`);
  const [kinds] = instructionOf[OP[name]]!.sig.split(':');
  if (!AS_NUMBERS.has(name)) emitWord(name, template, kinds.length, '');
  emitWord(`lane ${name}`, template, kinds.length, ',j');
}
/** All words at once of a place and what is the same in all words. (Shifts have that form anyway.) */
for (const name of AS_NUMBERS.keys()) {
  const template = VECTORS[name] as Lanes;
  if (template.amount !== undefined) continue;
  const code = substitute(template.code, 'B', 'b');
  const lanes = WORDS.map((k) => laneCode({ ...template, code }, k, 1)).join('');
  emit(`set ${name}/rk`, ['d', 'a', 'b', 'n'], `const p=fp+a,r=fp+d;${lanes}`);
}
/** Of the lower half of a word. */
for (const name of ['i16x8.extend_low_i8x16_s', 'i16x8.extend_low_i8x16_u'] as const) {
  emitWord(name, { to: 'i', code: substitute(WIDENED[name].even, 'P', 'A') }, 1, '');
}

loops.set('apart', '(n)=>fp=>n(fp)');
loops.set('lane get', '(a)=>(fp,j)=>I[fp+a]');
loops.set('lane const', '(a)=>(fp,j)=>a');
loops.set('lane rotl', '(a,b)=>(fp,j)=>{const x=I[fp+a];return x<<b|x>>>32-b}');
/** A number of each lane: the slots that it reads are so many words further apart than lanes. */
loops.set('lane strided', '(a,b)=>(fp,j)=>a(fp+Math.imul(b,j))');
/**
 * Loads from where a slot and a constant say, or a multiple of a slot and a constant: as numbers, and as lanes. Of bytes there is none only where
 * they are out of bounds, which V8 looks at anyway: so in loops that alone is asked, and what traps is not in the function that is inlined.
 */
function emitGathered(op: LoadOp, params: string, address: string): void {
  const { bytes, code } = LOADS[op];
  const name = params === 'a,k' ? 'gathered' : 'multiplied';
  const checked = `{${addressed(`${address}|0`, bytes)}return ${code}}`;
  factories.set(`${name} ${op}`, `(${params},o,m,at)=>fp=>${checked}`);
  const byte = `const v=m.u8[(${address}>>>0)+o];return v===undefined?f(fp):${code.replace('m.u8[v>>>0]', 'v')}`;
  const trap = `const f=fp=>m.far(${address}|0,o,1,at)`;
  loops.set(
    `lane ${name} ${op}`,
    `(${params},o,m,at)=>${bytes === 1 ? `{${trap};return(fp,j)=>{${byte}}}` : `(fp,j)=>${checked}`}`,
  );
}
for (const op of Object.keys(LOADS) as LoadOp[]) {
  if (LOADS[op].result !== 'i') continue;
  emitGathered(op, 'a,k', 'I[fp+a]+k');
  emitGathered(op, 'a,b,k', 'Math.imul(I[fp+a],b)+k');
}
loops.set('lane apart', '(a,b,c,e)=>(fp,j)=>j<2?j===0?a(fp):b(fp-1):j===2?c(fp-2):e(fp-3)');
/** Half a word of the operand's place. */
const HALF = 'I[fp+a+H-(j+1>>1)]>>>16*(j&1)';
const FROM_HALF: Readonly<Record<NestedWideningOp, string>> = {
  'i16x8.extend_low_i8x16_s': `V.widen8S(${HALF})`,
  'i16x8.extend_low_i8x16_u': `V.widen8U(${HALF})`,
  'i16x8.extend_high_i8x16_s': `V.widen8S(${HALF})`,
  'i16x8.extend_high_i8x16_u': `V.widen8U(${HALF})`,
  'i32x4.extend_low_i16x8_s': `${HALF}<<16>>16`,
  'i32x4.extend_low_i16x8_u': `${HALF}&65535`,
  'i32x4.extend_high_i16x8_s': `${HALF}<<16>>16`,
  'i32x4.extend_high_i16x8_u': `${HALF}&65535`,
};
for (const name of WIDENING) {
  loops.set(`lane ${name}/r`, `(a)=>(fp,j)=>${FROM_HALF[name].replace('H', String(HALVES[name]))}`);
}
/** A byte of one word, as a word. */
loops.set('lane byte_s', '(a)=>(fp,j)=>I[fp-j+a]<<24-8*j>>24');
loops.set('lane byte_u', '(a)=>(fp,j)=>I[fp-j+a]>>>8*j&255');
/**
 * Lanes of 16 bits that are loaded: from an address that a closure computes, or a slot and a constant. Where one is aligned and below 2 GiB, V8
 * says whether anything is there.
 */
for (const [name, [op, step]] of LANE_LOADS) {
  const { bytes, code } = LOADS[op];
  const lane = op === 'i32.load16_s' ? 'w<<16>>16' : 'w';
  const far = `const f=(x,j)=>{const q=o+${step}*j;${addressed('x', bytes, 'q')}return ${code}}`;
  for (const [form, params, address] of [
    ['', 'a', 'a(fp-j)'],
    ['/rk', 'a,k', 'I[fp-j+a]+k|0'],
  ]) {
    const near = `const w=m.u16[v>>>1];if(w!==undefined)return ${lane}`;
    const text = `const x=${address},v=x+o+${step}*j|0;if((x>>31|v&1)===0){${near}}return f(x,j)`;
    loops.set(`lane ${name}${form}`, `(${params},o,m,at)=>{${far};return(fp,j)=>{${text}}}`);
  }
}
/** Bytes of one word for each lane: how far behind the lane it is, how far to turn it left, and the bits. */
loops.set('lane turned', '(a,b,c)=>(fp,j)=>{const x=I[fp+a[j]],l=b[j];return(x<<l|x>>>32-l)&c[j]}');

const WRITE_WORDS = ['w', 'x', 'y', 'z'].map((name, k) => `I[r+${k}]=${name};`).join('');
/** Before one is written, all are read. */
const FOUR = `const w=a(fp),x=b(fp),y=c(fp),z=e(fp),r=fp+d;${WRITE_WORDS}`;
emit('set words/', ['d', 'a', 'b', 'c', 'e', 'n'], FOUR);
/** When something traps, it may be that another should have, which stands first in the code: `t` runs all that can, and throws. */
const GUARD = (code: string): string => `try{${code}}catch(f){t(fp,f)}`;
emit('set words/t', ['d', 'a', 'b', 'c', 'e', 't', 'n'], GUARD(FOUR));
/** Around a loop, and not in it: there, V8 keeps more for a handler than it has registers. */
emit('guard', ['e', 't', 'n'], GUARD('e(fp)'), loops);
/**
 * The words one after the other: of closures of a word and its number, or of the first word, each time one word on. What the loop does not
 * change, V8 takes for a constant in it when it is a variable of the function; sums without a wrap it looks at for having grown too large.
 */
const LOOPS = { lanes: (fp: string, j: string) => `(${fp},${j})`, strided: (fp: string) => `(${fp})` };
for (const [name, given] of Object.entries(LOOPS)) {
  const words = ['w', 'x', 'y', 'z'].map(
    (word, k) => `${word}=e${given(k === 0 ? 'fp' : `fp+${k}`, `${k}`)}`,
  );
  emit(`set ${name}/4`, ['d', 'e', 'n'], `const ${words},r=fp+d;${WRITE_WORDS}`, loops);
  const turn = `i[q+d|0]=l${given('q', 'q-p|0')};`;
  emit(
    `set ${name}/`,
    ['d', 'e', 'n'],
    `const i=I,l=e,p=fp|0,k=p+4|0;for(let q=p;q<k;q=q+1|0)${turn}`,
    loops,
  );
}

// Moves

const copied = (to: string, from: string) => WORDS.map((k) => `${to}+${k}]=${from}+${k}];`).join('');
emit('set.v/r', ['d', 'a', 'n'], `const p=fp+a,r=fp+d;${copied('I[r', 'I[p')}`);
emit('set.v select', ['d', 'a', 'b', 'c', 'n'], `const p=c(fp)!==0?fp+a:fp+b,r=fp+d;${copied('I[r', 'I[p')}`);
emit('set.v global', ['d', 'g', 'k', 'n'], `const r=fp+d;${copied('I[r', 'g[k')}`);
emit('global.set.v', ['g', 'k', 'a', 'n'], `const p=fp+a;${copied('g[k', 'I[p')}`);
/** A shuffle of whole words, which stand at these offsets. */
emit(
  'set shuffle32',
  ['d', 'a', 'b', 'c', 'e', 'n'],
  'const r=fp+d,w=I[fp+a],x=I[fp+b],y=I[fp+c],z=I[fp+e];I[r]=w;I[r+1]=x;I[r+2]=y;I[r+3]=z;',
);

/** A shuffle whose words are each made of two others: the offset, how far to turn it left, and the bits. */
const turned = WORDS.map((k) =>
  ['a', 'b'].map((which) => {
    const [at, left, mask] = ['', 's', 'm'].map((part) => `${which}${part}${k}`);
    return { params: [at, left, mask], code: `(I[fp+${at}]<<${left}|I[fp+${at}]>>>32-${left})&${mask}` };
  }),
);
emit(
  'set shuffle2',
  ['d', ...turned.flat().flatMap(({ params }) => params), 'n'],
  `const r=fp+d,${['w', 'x', 'y', 'z']
    .map((name, k) => `${name}=${turned[k].map(({ code }) => code).join('|')}`)
    .join(',')};${WRITE_WORDS}`,
);

/** By name, before the addresses are put in. */
export function vectorFactories(): ReadonlyMap<string, string> {
  return factories;
}
/** The same of what only fresh sets have. */
export function loopFactories(): ReadonlyMap<string, string> {
  return loops;
}
