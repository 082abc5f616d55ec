/**
 * The closure factories that are not made from an instruction's template: moves between slots, globals, select, branches, calls.
 *
 * In scope: I, S, F the slots as words, f32 and f64; R the references; RS and RF the callers' sites and frame pointers, RC the callees of
 * indirect calls; M the
 * registers; W the high word of i64 results; T makes traps. `n` is the next step; d, a, b are word offsets of slots, or nested closures
 * where the name says /e.
 */
export const CONTROL: Readonly<Record<string, readonly [params: readonly string[], closure: string]>> = {
  // Values
  'get.i': [['a'], 'fp=>I[fp+a]'],
  'get.I': [['a'], 'fp=>{W.hi=I[fp+a+1];return I[fp+a]}'],
  'get.f': [['a'], 'fp=>S[fp+a]'],
  'get.F': [['a'], 'fp=>F[fp+a>>1]'],
  const: [['k'], '()=>k'],
  'const.I': [['k', 'h'], '()=>{W.hi=h;return k}'],
  select: [['a', 'b', 'c'], 'fp=>c(fp)!==0?a(fp):b(fp)'],
  'global.get.i': [['g', 'k'], '()=>g[k]'],
  'global.get.I': [['g', 'k'], '()=>{W.hi=g[k+1];return g[k]}'],
  is_null: [['a'], 'fp=>R[fp+a>>1]===null?1:0'],
  // An i64 address or index as an unsigned word; what does not fit is out of bounds.
  index64: [['a', 'code', 'at'], 'fp=>{const x=a(fp);if(W.hi!==0)throw T(code,at);return x}'],
  // An address whose static offset is too large for the quick check.
  address: [['a', 'o', 'bytes', 'm', 'at'], 'fp=>m.far(a(fp),o>>>0,bytes,at)|0'],
  // Statements
  'set.i/r': [['d', 'a', 'n'], 'fp=>{I[fp+d]=I[fp+a];return n(fp)}'],
  'set.i/k': [['d', 'k', 'n'], 'fp=>{I[fp+d]=k;return n(fp)}'],
  'set.i/e': [['d', 'a', 'n'], 'fp=>{I[fp+d]=a(fp);return n(fp)}'],
  'set.I/r': [['d', 'a', 'n'], 'fp=>{I[fp+d]=I[fp+a];I[fp+d+1]=I[fp+a+1];return n(fp)}'],
  'set.I/k': [['d', 'k', 'h', 'n'], 'fp=>{I[fp+d]=k;I[fp+d+1]=h;return n(fp)}'],
  'set.I/e': [['d', 'a', 'n'], 'fp=>{I[fp+d]=a(fp);I[fp+d+1]=W.hi;return n(fp)}'],
  'set.f/e': [['d', 'a', 'n'], 'fp=>{const x=a(fp);S[fp+d]=x===x?x:NaN;return n(fp)}'],
  'set.F/e': [['d', 'a', 'n'], 'fp=>{const x=a(fp);F[fp+d>>1]=x===x?x:NaN;return n(fp)}'],
  'set.r/r': [['d', 'a', 'n'], 'fp=>{R[fp+d>>1]=R[fp+a>>1];return n(fp)}'],
  'drop/e': [['a', 'n'], 'fp=>{a(fp);return n(fp)}'],
  'global.set.i/e': [['g', 'k', 'a', 'n'], 'fp=>{g[k]=a(fp);return n(fp)}'],
  'global.set.I/e': [['g', 'k', 'a', 'n'], 'fp=>{g[k]=a(fp);g[k+1]=W.hi;return n(fp)}'],
  // Anything that works on canonical slots: f gets the word index of the first operand.
  effect: [['f', 'd', 'n'], 'fp=>{f(fp+d);return n(fp)}'],
  // Control
  bulk: [['f', 'd', 'site', 'n'], 'fp=>{if(f(fp+d))return n(fp);M.yielded=site;return null}'],
  'if/r': [['a', 'y', 'n'], 'fp=>I[fp+a]!==0?y(fp):n(fp)'],
  'if/e': [['a', 'y', 'n'], 'fp=>a(fp)!==0?y(fp):n(fp)'],
  br_table: [['a', 'targets', 'last'], 'fp=>{const k=a(fp)>>>0;return targets[k<last?k:last](fp)}'],
  unreachable: [['at'], "()=>{throw T('unreachable',at)}"],
  // Back to the trampoline, so that the host's stack stays shallow.
  hop: [['n'], '()=>n'],
  // A branch to a loop label: the safepoint, then the header is returned to the nearest loop step or the trampoline.
  back: [['site', 'header'], 'fp=>{if(--M.fuel<0){M.yielded=site;return null}return header}'],
  // The header may come from another frame of the same function that was entered on the host's stack: that one is not for this step.
  loop: [
    ['cell'],
    '{var self=fp=>{const body=cell.body;let s;do s=body(fp);while(s===self&&M.fp===fp);return s};return self}',
  ],
  enter: [
    ['site', 'size', 'from', 'to', 'body'],
    "fp=>{if(fp+size>M.maxFp||M.sp>M.maxSp)throw T('callStackExhausted',-1);for(let k=fp+from,e=fp+to;k<e;k++)I[k]=0;if(--M.fuel<0){M.yielded=site;return null}return body(fp)}",
  ],
  // A quiet function's entry is no place to stop, and costs nothing.
  'enter/quiet': [
    ['size', 'from', 'to', 'body'],
    "fp=>{if(fp+size>M.maxFp||M.sp>M.maxSp)throw T('callStackExhausted',-1);for(let k=fp+from,e=fp+to;k<e;k++)I[k]=0;return body(fp)}",
  ],
  // A call enters the callee right here while the host's stack is shallow, so that the compiler sees both; deeper, the trampoline
  // does. When the callee's return hands over the step behind this very call, the chain goes on.
  call: [
    ['site', 'd', 'callee', 'n'],
    'fp=>{const s=M.sp;RS[s]=site;RF[s]=fp;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.entry;M.nest--;const r=callee.entry(fp+d);M.nest++;return r===n&&M.fp===fp?n(fp):r}',
  ],
  call_indirect: [
    ['site', 'd', 'a', 'table', 'type', 'at', 'n'],
    "fp=>{const k=a(fp)>>>0,e=table.elements;if(k>=e.length)throw T('undefinedElement',at);const callee=e[k];if(callee===null)throw T('uninitializedElement',at);if(callee.typeId!==type&&!callee.isOf(type))throw T('indirectCallType',at);const s=M.sp;RS[s]=site;RF[s]=fp;RC[s]=callee;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.code.entry;M.nest--;const r=callee.code.entry(fp+d);M.nest++;return r===n&&M.fp===fp?n(fp):r}",
  ],
  call_ref: [
    ['site', 'd', 'a', 'at', 'n'],
    "fp=>{const callee=R[fp+a>>1];if(callee===null)throw T('nullFunctionReference',at);const s=M.sp;RS[s]=site;RF[s]=fp;RC[s]=callee;M.sp=s+1;M.fp=fp+d;if(M.nest===0)return callee.code.entry;M.nest--;const r=callee.code.entry(fp+d);M.nest++;return r===n&&M.fp===fp?n(fp):r}",
  ],
  return: [[], 'fp=>{const s=M.sp-1;M.sp=s;M.fp=RF[s];return RS[s].next}'],
  // f moves the arguments to the frame's start and says whom to enter.
  tail: [['f'], 'fp=>f(fp).entry'],
};
