/**
 * The text of the compact set. The same factories as in the full set, said with fewer bytes, since every copy of the core carries them:
 * factories of instructions stand in the order of their opcodes and get their names from the instruction table; instructions that say
 * the same share a factory; the address check, the i64 operands of helpers and comparisons, and what a tracked store adds are functions;
 * helpers are imported, so that a bundler can shorten their names.
 */
import { INSTRUCTIONS } from '../../decoder/instructions';

/** As generate.ts writes the check, which is quick below 2 GiB. */
const ADDRESS_CHECK = /let v=x\+o\|0;if\(\(x\|v\)<0\|\|v>m\.top(\d)\)v=m\.far\(x,o,\d,at\);/;

/** A binary i64 instruction that is one of numerics.ts, with a, b and perhaps `at`. */
const I64_HELPER =
  /^\(a,b(?:,at)?\)=>fp=>\{const al=a\(fp\),ah=W\.hi;const bl=b\(fp\)(?:,bh=W\.hi)?;return (N\.\w+)\((al,ah,bl(?:,bh,at)?)\)\}$/;

/** An ordered comparison of i64 operands. */
const I64_COMPARISON =
  /^\(a,b\)=>fp=>\{const al=a\(fp\),ah=W\.hi;const bl=b\(fp\),bh=W\.hi;return (\(.*&&al>>>0.*\)\?1:0)\}$/;

const HEAD = `const V=(m,top,x,o,bytes,at)=>{const v=x+o|0;return(x|v)<0||v>top?m.far(x,o,bytes,at):v};
const D=(store,bytes)=>(a,b,o,m,at,n)=>{
let x;
return store(fp=>x=a(fp),b,o,m,at,fp=>{
const v=m.far(x,o,bytes,at);
m.dirty[v>>>12]=m.dirty[v+bytes-1>>>12]=1;return n(fp)})};
const Q=f=>(a,b,at)=>fp=>{const l=a(fp),h=W.hi,k=b(fp);return f(l,h,k,W.hi,at)};
const named={};
const put=(op,...run)=>run.forEach((factory,k)=>{
const{name,sig}=instructionOf[op+k];
named[name+'/'+'e'.repeat(sig.indexOf(':'))]=factory});
`;

/** Opcode of the instruction whose fallback form a factory is. */
const OPCODES = new Map(
  INSTRUCTIONS.map(({ op, name, sig }) => [`${name}/${'e'.repeat(Math.max(0, sig.indexOf(':')))}`, op]),
);

export function compactText(factories: ReadonlyMap<string, string>): string {
  const helpers = new Set<string>();
  const shared = new Map<string, string>();
  const texts = [...factories.values()];
  const byOpcode: [op: number, text: string][] = [];
  const others: string[] = [];
  for (const [name, factory] of factories) {
    if (name.startsWith('track ')) {
      others.push(
        `${JSON.stringify(name)}:D(named[${JSON.stringify(name.slice(6))}],${ADDRESS_CHECK.exec(factory)?.[1]})`,
      );
      continue;
    }
    const text = factory
      .replace(I64_HELPER, 'Q($1)')
      .replace(I64_COMPARISON, 'Q((al,ah,bl,bh)=>$1)')
      .replace(ADDRESS_CHECK, 'const v=V(m,m.top$1,x,o,$1,at);')
      .replace(/\bN\.(\w+)/g, (_, helper: string) => {
        helpers.add(helper);
        return helper;
      });
    const often = factory.length > 14 && texts.indexOf(factory) < texts.lastIndexOf(factory);
    if (often && !shared.has(text)) shared.set(text, `c${shared.size}`);
    const value = shared.get(text) ?? text;
    const op = OPCODES.get(name);
    if (op === undefined) others.push(`${JSON.stringify(name)}:${value}`);
    else byOpcode.push([op, value]);
  }
  return `import{instructionOf}from'../decoder/instructions';
import{${[...helpers].join(',')}}from'./numerics';
export function createFactories({I,S,F,R,RS,RF,RC,M,W,T}){
${HEAD}${[...shared].map(([text, name]) => `const ${name}=${text};\n`).join('')}${runs(byOpcode)}return Object.assign(named,{
${others.join(',\n')}
})}
`;
}

/** `put(first, ...factories)` for every run of successive opcodes. */
function runs(byOpcode: [op: number, text: string][]): string {
  let text = '';
  let expected = -1;
  for (const [op, factory] of byOpcode.sort(([a], [b]) => a - b)) {
    if (op === expected) text += `,\n${factory}`;
    else text += `${expected < 0 ? '' : ');\n'}put(${op},\n${factory}`;
    expected = op + 1;
  }
  return `${text});\n`;
}
