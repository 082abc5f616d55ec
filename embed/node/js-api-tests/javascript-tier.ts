/** The namespace whose code runs in the javascript tier: for `TSWASM_JS_API_ENGINE`. */
export { javascript as WebAssembly } from './tiers';
