/** Stack traces on Node name files and lines of modules that carry them; what they are is read when a stack is looked at. */
import { showSources } from '../../src/debug/index';

showSources();
