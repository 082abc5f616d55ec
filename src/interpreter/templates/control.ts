/**
 * The closure factories that are not made from an instruction's template: moves between slots, globals, select, branches, calls.
 *
 * In scope: I, S, F the slots as words, f32 and f64; R the references; RS and RF the callers' sites and frame pointers, RC the callees of
 * indirect calls; M the
 * registers; W the high word of i64 results; T makes traps. `n` is the next step; d, a, b are word offsets of slots, or nested closures
 * where the name says /e.
 */
import { closure, type Row } from './closure';

export const CONTROL: Readonly<Record<string, Row>> = {
  // Values
  'get.i': [['a'], closure('', 'I[fp+a]')],
  'get.I': [['a'], closure('W.hi=I[fp+a+1];', 'I[fp+a]')],
  'get.f': [['a'], closure('', 'S[fp+a]')],
  'get.F': [['a'], closure('', 'F[fp+a>>1]')],
  const: [['k'], closure('', 'k', '()')],
  'const.I': [['k', 'h'], closure('W.hi=h;', 'k', '()')],
  select: [['a', 'b', 'c'], closure('', 'c(fp)!==0?a(fp):b(fp)')],
  'global.get.i': [['g', 'k'], closure('', 'g[k]', '()')],
  'global.get.I': [['g', 'k'], closure('W.hi=g[k+1];', 'g[k]', '()')],
  is_null: [['a'], closure('', 'R[fp+a>>1]===null?1:0')],
  // An i64 address or index as an unsigned word; what does not fit is out of bounds.
  index64: [['a', 'code', 'at'], closure('const x=a(fp);if(W.hi!==0)throw T(code,at);', 'x')],
  // An address whose static offset is too large for the quick check.
  address: [['a', 'o', 'bytes', 'm', 'at'], closure('', 'm.far(a(fp),o>>>0,bytes,at)|0')],
  // Statements
  'set.i/r': [['d', 'a', 'n'], closure('I[fp+d]=I[fp+a];', 'n(fp)')],
  'set.i/k': [['d', 'k', 'n'], closure('I[fp+d]=k;', 'n(fp)')],
  'set.i/e': [['d', 'a', 'n'], closure('I[fp+d]=a(fp);', 'n(fp)')],
  'set.I/r': [['d', 'a', 'n'], closure('I[fp+d]=I[fp+a];I[fp+d+1]=I[fp+a+1];', 'n(fp)')],
  'set.I/k': [['d', 'k', 'h', 'n'], closure('I[fp+d]=k;I[fp+d+1]=h;', 'n(fp)')],
  'set.I/e': [['d', 'a', 'n'], closure('I[fp+d]=a(fp);I[fp+d+1]=W.hi;', 'n(fp)')],
  'set.f/e': [['d', 'a', 'n'], closure('const x=a(fp);S[fp+d]=x===x?x:NaN;', 'n(fp)')],
  'set.F/e': [['d', 'a', 'n'], closure('const x=a(fp);F[fp+d>>1]=x===x?x:NaN;', 'n(fp)')],
  'set.r/r': [['d', 'a', 'n'], closure('R[fp+d>>1]=R[fp+a>>1];', 'n(fp)')],
  'drop/e': [['a', 'n'], closure('a(fp);', 'n(fp)')],
  'global.set.i/e': [['g', 'k', 'a', 'n'], closure('g[k]=a(fp);', 'n(fp)')],
  'global.set.I/e': [['g', 'k', 'a', 'n'], closure('g[k]=a(fp);g[k+1]=W.hi;', 'n(fp)')],
  // Anything that works on canonical slots: f gets the word index of the first operand.
  effect: [['f', 'd', 'n'], closure('f(fp+d);', 'n(fp)')],
  // Control
  bulk: [['f', 'd', 'site', 'n'], closure('if(f(fp+d))return n(fp);M.yielded=site;', 'null')],
  'if/r': [['a', 'y', 'n'], closure('', 'I[fp+a]!==0?y(fp):n(fp)')],
  'if/e': [['a', 'y', 'n'], closure('', 'a(fp)!==0?y(fp):n(fp)')],
  br_table: [['a', 'targets', 'last'], closure('const k=a(fp)>>>0;', 'targets[k<last?k:last](fp)')],
  unreachable: [['at'], closure("throw T('unreachable',at)", '', '()')],
  // Back to the trampoline, so that the host's stack stays shallow.
  hop: [['n'], closure('', 'n', '()')],
  // A branch to a loop label: the safepoint, then the header is returned to the nearest loop step or the trampoline.
  back: [['site', 'header'], closure('if(--M.fuel<0){M.yielded=site;return null}', 'header')],
  // The header may come from another frame of the same function that was entered on the host's stack: that one is not for this step.
  loop: [
    ['cell'],
    '{var self=fp=>{const body=cell.body;let s;do s=body(fp);while(s===self&&M.fp===fp);return s};return self}',
  ],
  enter: [
    ['site', 'size', 'from', 'to', 'body'],
    closure(
      "if(fp+size>M.maxFp||M.sp>M.maxSp)throw T('callStackExhausted',-1);for(let k=fp+from,e=fp+to;k<e;k++)I[k]=0;if(--M.fuel<0){M.yielded=site;return null}",
      'body(fp)',
    ),
  ],
  // A quiet function's entry is no place to stop, and costs nothing.
  'enter/quiet': [
    ['size', 'from', 'to', 'body'],
    closure(
      "if(fp+size>M.maxFp||M.sp>M.maxSp)throw T('callStackExhausted',-1);for(let k=fp+from,e=fp+to;k<e;k++)I[k]=0;",
      'body(fp)',
    ),
  ],
  // A call enters the callee right here while the host's stack is shallow, so that the compiler sees both; deeper, the trampoline
  // does. When the callee's return hands over the step behind this very call, the chain goes on.
  call: [
    ['site', 'd', 'callee', 'n'],
    closure(
      'const s=M.sp;RS[s]=site;RF[s]=fp;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.entry;M.nest--;const r=callee.entry(fp+d);M.nest++;',
      'r===n&&M.fp===fp?n(fp):r',
    ),
  ],
  call_indirect: [
    ['site', 'd', 'a', 'table', 'type', 'at', 'n'],
    closure(
      "const k=a(fp)>>>0,e=table.elements;if(k>=e.length)throw T('undefinedElement',at);const callee=e[k];if(callee===null)throw T('uninitializedElement',at);if(callee.typeId!==type&&!callee.isOf(type))throw T('indirectCallType',at);const s=M.sp;RS[s]=site;RF[s]=fp;RC[s]=callee;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.code.entry;M.nest--;const r=callee.code.entry(fp+d);M.nest++;",
      'r===n&&M.fp===fp?n(fp):r',
    ),
  ],
  call_ref: [
    ['site', 'd', 'a', 'at', 'n'],
    closure(
      "const callee=R[fp+a>>1];if(callee===null)throw T('nullFunctionReference',at);const s=M.sp;RS[s]=site;RF[s]=fp;RC[s]=callee;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.code.entry;M.nest--;const r=callee.code.entry(fp+d);M.nest++;",
      'r===n&&M.fp===fp?n(fp):r',
    ),
  ],
  return: [[], closure('const s=M.sp-1;M.sp=s;M.fp=RF[s];', 'RS[s].next')],
  // f moves the arguments to the frame's start and says whom to enter.
  tail: [['f'], closure('', 'f(fp).entry')],
};
