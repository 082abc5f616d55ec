/**
 * What each load and each store of lowered code looks like in JavaScript (table.ts says what the letters mean). `generate.ts` puts the
 * address before it.
 */
import type { LoadOp } from '../../decoder';
import type { StoreOp } from '../../lowering';
import type { Kind } from './table';

/** A load: `v` is the checked byte index, `m` the memory's views. */
export interface LoadTemplate {
  readonly result: Kind;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly code: string;
}
export const LOADS: Readonly<Record<LoadOp, LoadTemplate>> = {
  'i32.load': { result: 'i', bytes: 4, code: 'v&3?m.load32(v):m.i32[v>>>2]' },
  'i32.load8_s': { result: 'i', bytes: 1, code: 'm.u8[v>>>0]<<24>>24' },
  'i32.load8_u': { result: 'i', bytes: 1, code: 'm.u8[v>>>0]' },
  'i32.load16_s': { result: 'i', bytes: 2, code: '(v&1?m.load16(v):m.u16[v>>>1])<<16>>16' },
  'i32.load16_u': { result: 'i', bytes: 2, code: 'v&1?m.load16(v):m.u16[v>>>1]' },
  'i64.load': {
    result: 'I',
    bytes: 8,
    code: 'v&3?m.load32(v):m.i32[v>>>2];v&3?m.load32(v+4):m.i32[(v>>>2)+1]',
  },
  'i64.load8_s': { result: 'I', bytes: 1, code: '(t=m.u8[v>>>0]<<24>>24);t>>31' },
  'i64.load8_u': { result: 'I', bytes: 1, code: 'm.u8[v>>>0];0' },
  'i64.load16_s': { result: 'I', bytes: 2, code: '(t=m.load16(v)<<16>>16);t>>31' },
  'i64.load16_u': { result: 'I', bytes: 2, code: 'm.load16(v);0' },
  'i64.load32_s': { result: 'I', bytes: 4, code: '(t=v&3?m.load32(v):m.i32[v>>>2]);t>>31' },
  'i64.load32_u': { result: 'I', bytes: 4, code: 'v&3?m.load32(v):m.i32[v>>>2];0' },
  'f32.load': { result: 'f', bytes: 4, code: 'v&3?m.loadF32(v):m.f32[v>>>2]' },
  'f64.load': { result: 'F', bytes: 8, code: 'v&7?m.loadF64(v):m.f64[v>>>3]' },
};

/** A store: `v` is the checked byte index; X (or XL and XH) the value. */
export interface StoreTemplate {
  readonly operand: Kind;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly code: string;
  readonly forms: readonly string[];
}
const STORE_FORMS = ['rr', 're', 'er', 'ee', 'rk', 'ek'];
export const STORES: Readonly<Record<StoreOp, StoreTemplate>> = {
  'i32.store': {
    operand: 'i',
    bytes: 4,
    code: 'if(v&3)m.store32(v,X);else m.i32[v>>>2]=X',
    forms: STORE_FORMS,
  },
  'i32.store8': { operand: 'i', bytes: 1, code: 'm.u8[v>>>0]=X', forms: STORE_FORMS },
  'i32.store16': {
    operand: 'i',
    bytes: 2,
    code: 'if(v&1)m.store16(v,X);else m.u16[v>>>1]=X',
    forms: STORE_FORMS,
  },
  'i64.store': {
    operand: 'I',
    bytes: 8,
    code: 'if(v&3){m.store32(v,XL);m.store32(v+4,XH)}else{m.i32[v>>>2]=XL;m.i32[(v>>>2)+1]=XH}',
    forms: ['rr', 're', 'er', 'ee'],
  },
  'f32.store': {
    operand: 'f',
    bytes: 4,
    code: 'if(v&3)m.storeF32(v,X);else m.f32[v>>>2]=X',
    forms: ['re', 'ee'],
  },
  'f64.store': {
    operand: 'F',
    bytes: 8,
    code: 'if(v&7)m.storeF64(v,X);else m.f64[v>>>3]=X',
    forms: ['re', 'ee'],
  },
};
