/** Tasks inside QuickJS: embed/quickjs/tests/main-vm.ts calls `answer` with each line. */
import { configureStack } from '../../embed/quickjs/index';
import { answering } from './answer';
import { portableEngine } from './engines';

export const answer = answering(portableEngine);

// As many slots as on Node, so that endless recursion ends at the same frame.
configureStack({ slots: 2 ** 20 });
