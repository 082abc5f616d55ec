/** Tasks on Node without a compiler: a line in, a line out, until the input ends. */
import { createInterface } from 'node:readline';
import '../../embed/node/fresh-factories';
import { createFactories } from '../../src/interpreter/factories-full.generated.js';
import { useFactories } from '../../src/interpreter/index';
import { answering } from './answer';
import { portableEngine } from './engines';

// What is hot has it there, and here all the rest too.
useFactories(createFactories);

const answer = answering(portableEngine);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer(line)}\n`);
}
