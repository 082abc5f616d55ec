/**
 * The text of the compact set. The same factories as in the full set, said with fewer bytes, since every copy of the core carries them:
 * factories of instructions stand in the order of their opcodes and get their names from the instruction table; the address check is a
 * function; helpers are imported, so that a bundler can shorten their names.
 */
import { INSTRUCTIONS } from '../../decoder/instructions';

/** As generate.ts writes the check, which is quick below 2 GiB. */
const ADDRESS_CHECK = /let v=x\+o\|0;if\(\(x\|v\)<0\|\|v>m\.top(\d)\)v=m\.far\(x,o,\d,at\);/;

const HEAD = `const V=(m,top,x,o,bytes,at)=>{const v=x+o|0;return(x|v)<0||v>top?m.far(x,o,bytes,at):v};
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
  const byOpcode: [op: number, text: string][] = [];
  const others: string[] = [];
  for (const [name, factory] of factories) {
    const text = factory
      .replace(ADDRESS_CHECK, 'const v=V(m,m.top$1,x,o,$1,at);')
      .replace(/\bN\.(\w+)/g, (_, helper: string) => {
        helpers.add(helper);
        return helper;
      });
    const op = OPCODES.get(name);
    if (op === undefined) others.push(`${JSON.stringify(name)}:${text}`);
    else byOpcode.push([op, text]);
  }
  return `import{instructionOf}from'../decoder/instructions';
import{${[...helpers].join(',')}}from'./numerics';
export function createFactories({I,S,F,R,RS,RF,RC,M,W,T}){
${HEAD}${runs(byOpcode)}return Object.assign(named,{
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
