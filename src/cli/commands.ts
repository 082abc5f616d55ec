/** The commands by name. Each but `run` is loaded when it is used, since a run of the command line uses one. */
import type { CommandRow } from './command';
import { runCommand } from './commands/run';

export const RUN: CommandRow = {
  name: 'run',
  summary: 'run a program',
  load: async () => runCommand,
};

export const COMMANDS: readonly CommandRow[] = [
  RUN,
  {
    name: 'resume',
    summary: 'go on with a program from a snapshot',
    load: async () => (await import('./commands/resume')).resumeCommand,
  },
  {
    name: 'snapshot',
    summary: 'show, check, compare, embed, strip and unpack snapshots',
    load: async () => (await import('./commands/snapshot')).snapshotCommand,
  },
  {
    name: 'validate',
    summary: 'check that modules are valid; says nothing when they are',
    load: async () => (await import('./commands/validate')).validateCommand,
  },
  {
    name: 'inspect',
    summary: 'show what a module holds and what it needs',
    load: async () => (await import('./commands/inspect')).inspectCommand,
  },
  {
    name: 'compile',
    summary: 'make a JavaScript file of a module, for engines that are too small for a runtime',
    load: async () => (await import('./commands/compile')).compileCommand,
  },
  {
    name: 'repl',
    summary: 'call the functions of a module, look at its memory, step, go back',
    load: async () => (await import('./commands/repl')).replCommand,
  },
  {
    name: 'wast',
    summary: 'run test scripts (.wast)',
    load: async () => (await import('./commands/wast')).wastCommand,
  },
  {
    name: 'completion',
    summary: 'print completions for a shell',
    load: async () => (await import('./commands/completion')).completionCommand(COMMANDS),
  },
];
