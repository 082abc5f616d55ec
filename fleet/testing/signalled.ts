/** A program for signals.test.ts: starts a process that would stay as long as its input does, as `--tied` has it, tells its number, and waits. */
import { Processes } from './processes';
import { closeOnSignals } from './signals';

const processes = new Processes();
closeOnSignals(() => processes.close());
processes.within = ['sh', '-c', 'echo listens on nothing; exec cat'];
const { process: child } = await processes.start([]);
console.log(`${child.pid} ${processes.folder}`);
setInterval(() => undefined, 1000);
