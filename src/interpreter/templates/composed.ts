/**
 * Factories that the set for small modules makes of functions and of other factories: less text, and hardly a call more. Nobody compiles what
 * they make; where somebody does, each factory has a text of its own, so that the compiler learns what it sees.
 */

/** What makes factories, by its name in the texts. */
const MAKERS = {
  unary: '(f)=>(a,at)=>fp=>f(a(fp),at)',
  binary: '(f)=>(a,b,at)=>fp=>f(a(fp),b(fp),at)',
  /** Of two i64. */
  wide: '(f)=>(a,b,at)=>fp=>{const al=a(fp),ah=W.hi,bl=b(fp);return f(al,ah,bl,W.hi,at)}',
  /** An i64 from what a factory of an i32 makes: a load, say. */
  signed: '(f)=>(a,o,m,at)=>{const g=f(a,o,m,at);return fp=>{const l=g(fp);W.hi=l>>31;return l}}',
  unsigned: '(f)=>(a,o,m,at)=>{const g=f(a,o,m,at);return fp=>{const l=g(fp);W.hi=0;return l}}',
  /** A store that marks the blocks of its first and last byte. Nothing comes between its address and what is behind it. */
  tracked:
    '(f,last)=>(a,b,o,m,at,n)=>{let x;return f(fp=>x=a(fp),b,o,m,at,fp=>{const v=(x>>>0)+o;m.dirty[v>>>12]=m.dirty[v+last>>>12]=1;return n(fp)})}',
  same: '(a)=>a',
};

/** What makes a factory, and of what: a function's text, the name of a factory, a number. `same` is a factory itself. */
type Composed = readonly [maker: keyof typeof MAKERS, ...of: (string | number)[]];

/** By name. */
const COMPOSED: Readonly<Record<string, Composed>> = {
  'i32.mul/ee': ['binary', 'Math.imul'],
  'i32.div_s/ee': ['binary', 'N.i32DivS'],
  'i32.div_u/ee': ['binary', 'N.i32DivU'],
  'i32.rem_s/ee': ['binary', 'N.i32RemS'],
  'i32.rem_u/ee': ['binary', 'N.i32RemU'],
  'i32.clz/e': ['unary', 'Math.clz32'],
  'i32.ctz/e': ['unary', 'N.ctz'],
  'i32.popcnt/e': ['unary', 'N.popcnt'],
  'i32.wrap_i64/e': ['same'],
  'i64.shl/ee': ['wide', 'N.i64Shl'],
  'i64.shr_s/ee': ['wide', 'N.i64ShrS'],
  'i64.shr_u/ee': ['wide', 'N.i64ShrU'],
  'i64.rotl/ee': ['wide', 'N.i64Rotl'],
  'i64.div_s/ee': ['wide', 'N.i64DivS'],
  'i64.div_u/ee': ['wide', 'N.i64DivU'],
  'i64.rem_s/ee': ['wide', 'N.i64RemS'],
  'i64.rem_u/ee': ['wide', 'N.i64RemU'],
  'i64.extend8_s/e': ['signed', 'i32.extend8_s/e'],
  'i64.extend16_s/e': ['signed', 'i32.extend16_s/e'],
  'i64.extend32_s/e': ['signed', 'i32.wrap_i64/e'],
  'i64.extend_i32_s/e': ['signed', 'i32.wrap_i64/e'],
  'i64.extend_i32_u/e': ['unsigned', 'i32.wrap_i64/e'],
  'f32.ceil/e': ['unary', 'Math.ceil'],
  'f32.floor/e': ['unary', 'Math.floor'],
  'f32.trunc/e': ['unary', 'Math.trunc'],
  'f32.nearest/e': ['unary', 'N.nearest'],
  'f32.abs/e': ['unary', 'Math.abs'],
  'i32.trunc_f32_s/e': ['unary', 'N.i32TruncS'],
  'i32.trunc_sat_f32_s/e': ['unary', 'N.i32SatS'],
  'i32.trunc_f32_u/e': ['unary', 'N.i32TruncU'],
  'i32.trunc_sat_f32_u/e': ['unary', 'N.i32SatU'],
  'i64.trunc_f32_s/e': ['unary', 'N.i64TruncS'],
  'i64.trunc_sat_f32_s/e': ['unary', 'N.i64SatS'],
  'i64.trunc_f32_u/e': ['unary', 'N.i64TruncU'],
  'i64.trunc_sat_f32_u/e': ['unary', 'N.i64SatU'],
  'f64.ceil/e': ['unary', 'Math.ceil'],
  'f64.floor/e': ['unary', 'Math.floor'],
  'f64.trunc/e': ['unary', 'Math.trunc'],
  'f64.nearest/e': ['unary', 'N.nearest'],
  'f64.abs/e': ['unary', 'Math.abs'],
  'i32.trunc_f64_s/e': ['unary', 'N.i32TruncS'],
  'i32.trunc_sat_f64_s/e': ['unary', 'N.i32SatS'],
  'i32.trunc_f64_u/e': ['unary', 'N.i32TruncU'],
  'i32.trunc_sat_f64_u/e': ['unary', 'N.i32SatU'],
  'i64.trunc_f64_s/e': ['unary', 'N.i64TruncS'],
  'i64.trunc_sat_f64_s/e': ['unary', 'N.i64SatS'],
  'i64.trunc_f64_u/e': ['unary', 'N.i64TruncU'],
  'i64.trunc_sat_f64_u/e': ['unary', 'N.i64SatU'],
  'f32.convert_i32_s/e': ['unary', 'Math.fround'],
  'f32.demote_f64/e': ['unary', 'Math.fround'],
  'f64.convert_i32_s/e': ['same'],
  'f64.promote_f32/e': ['same'],
  'i32.reinterpret_f32/e': ['unary', 'N.f32Bits'],
  'i64.reinterpret_f64/e': ['unary', 'N.f64Bits'],
  'f32.reinterpret_i32/e': ['unary', 'N.f32FromBits'],
  'i64.load8_s/e': ['signed', 'i32.load8_s/e'],
  'i64.load8_u/e': ['unsigned', 'i32.load8_u/e'],
  'i64.load16_s/e': ['signed', 'i32.load16_s/e'],
  'i64.load16_u/e': ['unsigned', 'i32.load16_u/e'],
  'i64.load32_s/e': ['signed', 'i32.load/e'],
  'i64.load32_u/e': ['unsigned', 'i32.load/e'],
  'track i32.store/ee': ['tracked', 'i32.store/ee', 3],
  'track i32.store8/ee': ['tracked', 'i32.store8/ee', 0],
  'track i32.store16/ee': ['tracked', 'i32.store16/ee', 1],
  'track i64.store/ee': ['tracked', 'i64.store/ee', 7],
  'track f32.store/ee': ['tracked', 'f32.store/ee', 3],
  'track f64.store/ee': ['tracked', 'f64.store/ee', 7],
};

/**
 * The texts of all factories, in variables and by name: there are variables for what makes factories, and for the factories that have several names, such as comparisons of numbers of any type.
 * What is made of another factory is made of its variable.
 */
export function shared(factories: ReadonlyMap<string, string>): {
  variables: string;
  rows: Map<string, string>;
} {
  const variables = Object.entries(MAKERS).map(([name, text]) => `${name}=${text}`);
  const names = new Map<string, string>();
  const variable = (factory: string): string => {
    const name = names.get(factory) ?? `s${names.size}`;
    if (!names.has(factory)) variables.push(`${name}=${factory}`);
    names.set(factory, name);
    return name;
  };
  const text = (name: string): string => {
    const composed = COMPOSED[name];
    if (composed === undefined) return factories.get(name)!;
    const [maker, ...of] = composed;
    const taken = of.map((one) => (factories.has(String(one)) ? variable(text(String(one))) : one));
    return maker === 'same' ? maker : `${maker}(${taken.join()})`;
  };
  const unknown = Object.keys(COMPOSED).find((name) => !factories.has(name));
  if (unknown !== undefined) throw new Error(`no factory ${unknown} to compose`);
  const rows = [...factories.keys()].map((name) => [name, text(name)] as const);
  const all = rows.map(([, factory]) => factory);
  const isOften = (factory: string) => names.has(factory) || all.indexOf(factory) < all.lastIndexOf(factory);
  return {
    rows: new Map(rows.map(([name, factory]) => [name, isOften(factory) ? variable(factory) : factory])),
    variables: `var ${variables.join(',\n')};`,
  };
}
