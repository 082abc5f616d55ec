/** The commands of a script (.wast), as data. Each keeps the line it starts on. */
import type { Pattern, Value } from './values';

/** A module as the script writes it. */
export type ModuleSource =
  | { readonly form: 'binary'; readonly bytes: Uint8Array }
  | { readonly form: 'text'; readonly text: string }
  /** Text in string literals; may be ill-formed UTF-8, which only a test of the text format does. */
  | { readonly form: 'quote'; readonly bytes: Uint8Array };

export type Action =
  | {
      readonly kind: 'invoke';
      readonly instance: string | undefined;
      readonly name: string;
      readonly args: readonly Value[];
    }
  | { readonly kind: 'get'; readonly instance: string | undefined; readonly name: string };

/** What is instantiated: a module written in place, or a definition by its name (undefined: the latest). */
export type InstanceSource =
  | { readonly kind: 'inline'; readonly module: ModuleSource }
  | { readonly kind: 'definition'; readonly module: string | undefined };

export type CommandBody =
  | {
      readonly kind: 'module';
      readonly id: string | undefined;
      readonly definition: boolean;
      readonly module: ModuleSource;
    }
  | { readonly kind: 'instance'; readonly id: string | undefined; readonly module: string | undefined }
  | { readonly kind: 'register'; readonly name: string; readonly instance: string | undefined }
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'assert_return'; readonly action: Action; readonly results: readonly Pattern[] }
  | { readonly kind: 'assert_trap' | 'assert_exhaustion'; readonly action: Action; readonly message: string }
  | { readonly kind: 'assert_exception'; readonly action: Action }
  | {
      readonly kind: 'assert_uninstantiable' | 'assert_unlinkable';
      readonly source: InstanceSource;
      readonly message: string;
    }
  | { readonly kind: ModuleAssertion; readonly module: ModuleSource; readonly message: string }
  /** A command that needs a feature which the runner does not have. */
  | { readonly kind: 'unsupported'; readonly head: string; readonly feature: string };

export type ModuleAssertion =
  | 'assert_malformed'
  | 'assert_invalid'
  | 'assert_malformed_custom'
  | 'assert_invalid_custom';

export type Command = CommandBody & { readonly line: number };
