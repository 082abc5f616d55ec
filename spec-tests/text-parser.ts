/**
 * Text format to binary by wasm-tools (package jco-transpile). Slow, so the answers of a script are kept in node_modules/.cache,
 * one file a script, named by the content's hash.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import wabt from 'wabt';
import type { Assembled, ScriptParser } from './script/assembled';
import type { ModuleSource } from './script/commands';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cacheDir = path.join(root, 'node_modules', '.cache', 'tswasm-spec');
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parserVersion(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('@bytecodealliance/jco-transpile/wasm-tools', { paths: [root] });
  const manifest = path.join(path.dirname(path.dirname(entry)), 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** wasm-tools reports `kind: Custom("...")` deep inside a Rust debug print. */
function parserMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /Custom\("(.*?)"\)/.exec(text)?.[1] ?? /kind: (\w+)/.exec(text)?.[1] ?? text;
}

type CacheEntry = { bytes: string } | { error: string };

/**
 * wasm-tools refuses characters that change the direction of text unless they are escaped. In comments the escape changes nothing.
 */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]/g;
function escapeDirection(text: string): string {
  return text.replace(DIRECTION, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}

/** What the legacy `try` has in its folded form, which wasm-tools does not know, and nothing else has. */
const FOLDED_TRY = '(do';
async function parseLegacy(text: string): Promise<Uint8Array> {
  const module = (await wabt()).parseWat('script.wat', text, { exceptions: true, tail_call: true });
  return module.toBinary({}).buffer;
}

/** Assembles the modules of one script. Modules written as binary pass through. */
export class TextParser implements ScriptParser {
  private readonly file: string;
  private readonly cached: readonly CacheEntry[];
  private readonly answers: CacheEntry[] = [];
  private next = 0;

  constructor(
    script: string,
    readonly useCache = true,
  ) {
    const key = createHash('sha256')
      .update(`2 ${parserVersion()}\n`)
      .update(script)
      .digest('hex')
      .slice(0, 32);
    this.file = path.join(cacheDir, `${key}.json`);
    this.cached = useCache ? this.read() : [];
  }

  /** Must be called for the modules in the order of the script, and for all of them. */
  async assemble(source: ModuleSource): Promise<Assembled> {
    if (source.form === 'binary') return { ok: true, bytes: source.bytes, fromText: false };
    const answer = this.cached[this.next++] ?? (await this.parse(source));
    this.answers.push(answer);
    if ('error' in answer) return { ok: false, message: answer.error };
    return { ok: true, bytes: new Uint8Array(Buffer.from(answer.bytes, 'base64')), fromText: true };
  }

  /** Writes the cache when something is new. A cache that cannot be written is only slower. */
  save(): void {
    if (!this.useCache || this.answers.length <= this.cached.length) return;
    try {
      mkdirSync(cacheDir, { recursive: true });
      const temporary = `${this.file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(this.answers));
      renameSync(temporary, this.file);
    } catch {
      // Read-only installation.
    }
  }

  private async parse(source: Exclude<ModuleSource, { form: 'binary' }>): Promise<CacheEntry> {
    let text: string;
    try {
      text = source.form === 'text' ? source.text : strictUtf8.decode(source.bytes);
    } catch {
      return { error: 'malformed UTF-8 encoding' };
    }
    try {
      const bytes = text.includes(FOLDED_TRY) ? await parseLegacy(text) : await parse(escapeDirection(text));
      return { bytes: Buffer.from(bytes).toString('base64') };
    } catch (error) {
      return { error: parserMessage(error) };
    }
  }

  private read(): CacheEntry[] {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as CacheEntry[];
    } catch {
      return [];
    }
  }
}
