/** The snapshot options of `run` and `resume`. What they need is loaded when one is given (snapshots.ts). */
import type { OptionSpec } from './options';

/** Also of `snapshot verify`. */
export const NO_DIGEST: OptionSpec = {
  name: 'no-digest',
  help: 'write snapshots without a digest of their bytes, and do not check the one of a snapshot',
};

export const SNAPSHOT_OPTIONS: readonly OptionSpec[] = [
  { name: 'snapshot-to', value: 'FILE', help: 'where to write a snapshot; the options below say when' },
  { name: 'after-fuel', value: 'N', help: 'snapshot after N loop turns and calls' },
  { name: 'after', value: 'TIME', help: 'snapshot after this time' },
  { name: 'on-signal', value: 'SIGNAL', help: 'snapshot when this signal comes, for example SIGUSR1' },
  { name: 'every', value: 'TIME', help: 'snapshot again and again; the program goes on' },
  { name: 'keep-running', help: 'go on after any snapshot' },
  { name: 'checkpoint', value: 'FILE', help: 'snapshot when Ctrl-C or SIGTERM would end the program' },
  {
    name: 'no-host-state',
    help: 'write snapshots that other engines take: without the WASI world and digest',
  },
  NO_DIGEST,
];

export const SNAPSHOT_NOTES = `Snapshots: after one, we end with exit code 0, unless the program goes on; \`tswasm resume\` runs the rest.
A FILE that ends in .wasm, or .wasm:NAME, becomes a copy of the module that carries the snapshot. A program
that ends before a snapshot is due ends as always. When a snapshot cannot be written, the exit code is 1.
A snapshot can do what all imports together can do: resume none whose maker you do not know. Its digest tells
of damage, not of who wrote it.`;
