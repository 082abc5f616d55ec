/**
 * What of the language the modules for QuickJS have as variables of their own: `Math_imul_` stands for `Math.imul` (quickjs.mjs). That is less
 * text, and QuickJS reads a variable faster than a global, which it looks up by its name, or than a function in the object that has it.
 * Every engine has what stands here: nothing asks for it first.
 */
export const {
  Error: Error_,
  Map: Map_,
  Number: Number_,
  Object: Object_,
  Set: Set_,
  String: String_,
} = globalThis;
export const { RangeError: RangeError_, TypeError: TypeError_, WeakMap: WeakMap_ } = globalThis;
export const { ArrayBuffer: ArrayBuffer_, DataView: DataView_, Uint8Array: Uint8Array_ } = globalThis;
export const { Int32Array: Int32Array_, Uint32Array: Uint32Array_ } = globalThis;
export const { Float32Array: Float32Array_, Float64Array: Float64Array_ } = globalThis;
// What is behind the equals sign is one of those above, or has no variable.
export const { abs: Math_abs_, ceil: Math_ceil_, clz32: Math_clz32_, floor: Math_floor_ } = Math;
export const {
  fround: Math_fround_,
  imul: Math_imul_,
  max: Math_max_,
  min: Math_min_,
  trunc: Math_trunc_,
} = Math;
export const { from: Array_from_, isArray: Array_isArray_ } = Array;
export const { defineProperty: Object_defineProperty_, entries: Object_entries_ } = Object_;
export const { fromEntries: Object_fromEntries_, hasOwn: Object_hasOwn_, keys: Object_keys_ } = Object_;
export const { isInteger: Number_isInteger_ } = Number_;
export const { toStringTag: Symbol_toStringTag_ } = Symbol;
