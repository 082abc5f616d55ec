/** The entry `tswasm/register/always`: the drop-in takes the place of `WebAssembly`, also where the host has one. */
import { install } from './install';

install();
