/** The namespace whose code runs in the native tier: for `TSWASM_JS_API_ENGINE`. */
export { native as WebAssembly } from './tiers';
