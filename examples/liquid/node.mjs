// One leg on Node:
//   node examples/liquid/node.mjs [file]
//   node --jitless --disallow-code-generation-from-strings examples/liquid/node.mjs [file]
import { leg } from './files.mjs';
import { step } from './step.mjs';

leg(process.execArgv.includes('--jitless') ? 'jitless' : 'node', step);
