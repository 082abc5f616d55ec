/**
 * Runs one script on one engine, command by command, as the spec interpreter's runner does. Nothing here knows which engine.
 */
import {
  type Engine,
  type EngineExports,
  type EngineExtern,
  type EngineModule,
  type FailureKind,
  MissingFeature,
  ScriptFailure,
  type Session,
} from './engine';
import type { Assembled, ScriptParser } from './script/assembled';
import type { Action, Command, InstanceSource, ModuleSource } from './script/commands';
import { readScript } from './script/read';
import { matches, patternType, showPattern, showValue, type Value } from './script/values';

export interface Problem {
  readonly line: number;
  readonly command: string;
  readonly message: string;
  readonly cause: Cause;
}
/** A feature that the engine lacks; something that failed before; or this command itself. */
export type Cause = 'feature' | 'follow-up' | 'own';

export interface FileResult {
  readonly path: string;
  /** Assertions (`assert_*`) by outcome. Every one is in exactly one of the three. */
  passed: number;
  failed: number;
  /** Assertions that test the text format, on text that the text parser takes although it should not: not ours. */
  skipped: number;
  /** Of `passed`: answered by the text parser alone. */
  textFormat: number;
  /** Failed assertions and failed other commands (module, register, invoke), in order. */
  readonly problems: Problem[];
  readonly notes: Problem[];
}

export function isClean(result: FileResult): boolean {
  return result.problems.length === 0;
}

/** The text parser took text that the suite calls malformed: nothing that an engine could answer. */
class TextParserGap extends Error {}

/** Assertion failed; the message is the whole story. */
class Mismatch extends Error {
  override readonly cause: Cause;
  constructor(message: string, cause: Cause = 'own') {
    super(message);
    this.cause = cause;
  }
}

/** What a command needs is not there because an earlier command failed. */
class FollowUp extends ScriptFailure {}

/**
 * As in the reference, the suite's message is a prefix of the engine's. An index behind it ("uninitialized element 2") is
 * detail that an engine may leave out.
 */
export function messageMatches(expected: string, actual: string): boolean {
  return actual.startsWith(expected) || actual.startsWith(expected.replace(/ \d+$/, ''));
}

type Prepared = Command & { readonly assembled?: Assembled };

function moduleOf(command: Command): ModuleSource | undefined {
  if ('module' in command && typeof command.module === 'object') return command.module;
  if ('source' in command && command.source.kind === 'inline') return command.source.module;
  return undefined;
}

/** The modules of a script, in the order in which a parser is asked for them. Throws ScriptError. */
export function modulesOf(source: string): ModuleSource[] {
  return readScript(source).flatMap((command) => moduleOf(command) ?? []);
}

/** Reads a script and assembles all its text modules. Throws ScriptError. */
async function prepare(source: string, parser: ScriptParser): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const command of readScript(source)) {
    const module = moduleOf(command);
    prepared.push(module ? { ...command, assembled: await parser.assemble(module) } : command);
  }
  parser.save();
  return prepared;
}

class ScriptRun {
  /** By identifier; '' is the latest. An entry of undefined is one that failed. */
  private readonly modules = new Map<string, EngineModule | undefined>();
  private readonly instances = new Map<string, EngineExports | undefined>();
  private readonly registry = new Map<string, EngineExports>();
  /** Names that were to be registered, but what they were to name had failed. */
  private readonly unregistered = new Set<string>();

  constructor(
    readonly engine: Engine,
    readonly session: Session,
    readonly result: FileResult,
  ) {
    this.registry.set('spectest', session.spectest);
  }

  /** Runs one command; throws what went wrong. Returns true when the text parser alone gave the answer. */
  async command(command: Prepared): Promise<boolean> {
    switch (command.kind) {
      case 'module': {
        if (!command.definition) this.forget(this.instances, command.id);
        const module = await this.define(command.id, command.assembled!);
        if (!command.definition) await this.instantiateAs(command.id, module);
        return false;
      }
      case 'instance':
        this.forget(this.instances, command.id);
        await this.instantiateAs(command.id, this.lookup(this.modules, 'module', command.module));
        return false;
      case 'register':
        this.registry.delete(command.name);
        this.unregistered.add(command.name);
        this.registry.set(command.name, this.lookup(this.instances, 'instance', command.instance));
        this.unregistered.delete(command.name);
        return false;
      case 'action':
        await this.perform(command.action, []);
        return false;
      case 'assert_return':
        await this.assertReturn(command);
        return false;
      case 'assert_trap':
        await this.expectFailure(['trap'], command.message, () => this.perform(command.action, undefined));
        return false;
      case 'assert_exhaustion':
        await this.expectFailure(['exhaustion'], command.message, () =>
          this.perform(command.action, undefined),
        );
        return false;
      case 'assert_exception':
        await this.expectFailure(['exception'], '', () => this.perform(command.action, undefined));
        return false;
      case 'assert_malformed':
      case 'assert_malformed_custom':
        return await this.assertRejected('malformed', command);
      case 'assert_invalid':
      case 'assert_invalid_custom':
        return await this.assertRejected('invalid', command);
      case 'assert_unlinkable':
        await this.assertUninstantiable('link', command);
        return false;
      case 'assert_uninstantiable':
        await this.assertUninstantiable('trap', command);
        return false;
      case 'unsupported':
        throw new MissingFeature(command.feature);
    }
  }

  private lookup<T>(map: ReadonlyMap<string, T | undefined>, what: string, id: string | undefined): T {
    const found = map.get(id ?? '');
    if (found !== undefined) return found;
    const message = `no ${what} ${id ?? ''}`.trimEnd();
    throw map.has(id ?? '') ? new FollowUp(message) : new ScriptFailure(message);
  }

  /** What is about to be made may fail: then nothing older may answer in its place. */
  private forget<T>(map: Map<string, T | undefined>, id: string | undefined): void {
    for (const key of [id ?? '', '']) map.set(key, undefined);
  }

  private async define(id: string | undefined, assembled: Assembled): Promise<EngineModule> {
    this.forget(this.modules, id);
    if (!assembled.ok) throw new ScriptFailure(`text parser: ${assembled.message}`);
    const module = await this.session.compile(assembled.bytes);
    for (const key of [id ?? '', '']) this.modules.set(key, module);
    return module;
  }

  private async instantiateAs(id: string | undefined, module: EngineModule): Promise<void> {
    this.forget(this.instances, id);
    const exports = await this.session.instantiate(module, this.registry);
    for (const key of [id ?? '', '']) this.instances.set(key, exports);
  }

  private exported(action: Action): EngineExtern {
    const found = this.lookup(this.instances, 'instance', action.instance).get(action.name);
    if (!found) throw new ScriptFailure(`no export "${action.name}"`);
    return found;
  }

  private async perform(action: Action, resultTypes: Parameters<Session['invoke']>[2]): Promise<Value[]> {
    const target = this.exported(action);
    if (action.kind === 'get') return [await this.session.get(target, resultTypes?.[0])];
    return await this.session.invoke(target, action.args, resultTypes);
  }

  private async assertReturn(command: Prepared & { kind: 'assert_return' }): Promise<void> {
    const { results } = command;
    const values = await this.perform(command.action, results.map(patternType));
    if (values.length === results.length && results.every((p, i) => matches(p, values[i]))) return;
    const expected = results.map(showPattern).join(' ');
    throw new Mismatch(`expected [${expected}], got [${values.map(showValue).join(' ')}]`);
  }

  private async expectFailure(
    kinds: readonly FailureKind[],
    message: string,
    run: () => Promise<unknown>,
  ): Promise<void> {
    let outcome: unknown;
    try {
      outcome = await run();
    } catch (error) {
      this.checkFailure(kinds, message, error);
      return;
    }
    const values = Array.isArray(outcome) ? ` with [${(outcome as Value[]).map(showValue).join(' ')}]` : '';
    throw new Mismatch(`expected ${kinds.join(' or ')} "${message}", but it succeeded${values}`);
  }

  private checkFailure(kinds: readonly FailureKind[], message: string, error: unknown): void {
    const failure = this.engine.classify(error);
    const cause = this.causeOf(error);
    const rightKind = cause === 'own' && kinds.includes(failure.kind);
    const rightText = !this.engine.exactMessages || messageMatches(message, failure.message);
    if (rightKind && rightText) return;
    throw new Mismatch(
      `expected ${kinds.join(' or ')} "${message}", got ${failure.kind} "${failure.message}"`,
      cause,
    );
  }

  causeOf(error: unknown): Cause {
    if (error instanceof Mismatch) return error.cause;
    if (error instanceof FollowUp) return 'follow-up';
    const { kind, message, missing } = this.engine.classify(error);
    if (missing !== undefined) return 'feature';
    const isUnknown = kind === 'link' && message.startsWith('unknown import') && this.unregistered.size > 0;
    return isUnknown ? 'follow-up' : 'own';
  }

  private async assertRejected(
    kind: 'malformed' | 'invalid',
    command: Prepared & { kind: `assert_${string}`; message: string; module: ModuleSource },
  ): Promise<boolean> {
    const assembled = command.assembled!;
    if (!assembled.ok) return true;
    const compile = async (): Promise<unknown> => this.session.compile(assembled.bytes);
    if (kind === 'invalid' || !assembled.fromText) {
      await this.expectFailure([kind, 'rejected'], command.message, compile);
      return false;
    }
    // What is malformed as text may be a fine binary, or one that is malformed in another way.
    try {
      await this.expectFailure(['malformed', 'invalid', 'rejected'], '', compile);
    } catch {
      throw new TextParserGap(`text parser takes it: ${command.message}`);
    }
    return false;
  }

  private async assertUninstantiable(
    kind: 'link' | 'trap',
    command: Prepared & { source: InstanceSource; message: string },
  ): Promise<void> {
    const module =
      command.source.kind === 'definition'
        ? this.lookup(this.modules, 'module', command.source.module)
        : await this.define(undefined, command.assembled!);
    const kinds: FailureKind[] = kind === 'trap' ? ['trap', 'exhaustion'] : ['link'];
    await this.expectFailure(kinds, command.message, async () => {
      await this.session.instantiate(module, this.registry);
    });
  }
}

/** Runs the script `source` on the engine. Never throws on account of script or engine: problems are in the result. */
export async function runScriptWith(
  engine: Engine,
  path: string,
  source: string,
  parser: ScriptParser,
): Promise<FileResult> {
  const result: FileResult = {
    path,
    passed: 0,
    failed: 0,
    skipped: 0,
    textFormat: 0,
    problems: [],
    notes: [],
  };
  let commands: Prepared[];
  try {
    commands = await prepare(source, parser);
  } catch (error) {
    result.problems.push({ line: 0, command: 'script', message: String(error), cause: 'own' });
    return result;
  }
  const session = await engine.open(path);
  const run = new ScriptRun(engine, session, result);
  for (const command of commands) await step(run, command);
  try {
    await session.close?.();
  } catch (error) {
    result.problems.push({ line: 0, command: 'the end', message: String(error), cause: 'own' });
  }
  return result;
}

async function step(run: ScriptRun, command: Prepared): Promise<void> {
  const { result } = run;
  const isAssertion = command.kind.startsWith('assert_');
  const head = command.kind === 'unsupported' ? command.head : command.kind;
  try {
    const byParser = await run.command(command);
    if (isAssertion) result.passed++;
    if (byParser) result.textFormat++;
  } catch (error) {
    if (error instanceof TextParserGap) {
      result.skipped++;
      result.notes.push({ line: command.line, command: head, message: error.message, cause: 'own' });
      return;
    }
    if (isAssertion) result.failed++;
    const message = describe(run.engine, error);
    result.problems.push({ line: command.line, command: head, message, cause: run.causeOf(error) });
  }
}

function describe(engine: Engine, error: unknown): string {
  if (error instanceof Mismatch) return error.message;
  const failure = engine.classify(error);
  return `${failure.kind}: ${failure.message}`;
}
