/** An engine as a child process, at the other end of its standard streams. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Connect } from './house';

/** `told` hears the lines of its standard error. The child gets no environment: what guests do there finds nothing in it. */
export function childProcess(
  program: string,
  args: readonly string[],
  told: (line: string) => void,
): Connect {
  return (take, ended) => {
    const child = spawn(program, args, { stdio: 'pipe', env: { PATH: process.env['PATH'] } });
    child.stdout.on('data', take);
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line !== '') told(line);
    });
    // That it takes nothing more is said by its end.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => ended(`cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => ended(`has ended (${signal ?? code})`));
    return {
      send: (bytes) => {
        child.stdin.write(bytes);
      },
      close: () => {
        child.kill('SIGKILL');
      },
    };
  };
}
