/** The module registry: names and versions over blobs. */
import { CompileError, Module } from 'tswasm';
import { name as nameReader, wrong } from '../protocol/checked';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Signers } from '../security/module-signatures';
import type { Blobs } from '../store/blobs';
import type { Database } from '../store/database';
import { type ModuleRecord, moduleRecord } from './records';
import { compareVersions, isVersion } from './versions';

export class Modules {
  private readonly records = new Map<string, ModuleRecord>();

  constructor(
    private readonly database: Database,
    private readonly blobs: Blobs,
    private readonly signers?: Signers,
  ) {}

  async open(): Promise<void> {
    for (const { key, value } of await this.database.list('module/')) {
      const record = moduleRecord(value, key);
      this.records.set(`${record.name}@${record.version}`, record);
    }
  }

  /** Takes a module under a name and a version, which then never means other bytes. */
  async push(name: string, version: string, bytes: Uint8Array): Promise<ModuleRecord> {
    nameReader(name, 'name');
    if (!isVersion(version)) wrong('version', 'a version such as 1.2.3', version);
    await this.signers?.check(bytes, `${name}@${version}`);
    let module: Module;
    try {
      module = Module.decode(bytes);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new FleetError('bad-request', `not a module: ${error.message}`);
    }
    const digest = await this.blobs.put(bytes);
    const key = `${name}@${version}`;
    const before = this.records.get(key);
    if (before !== undefined && before.digest !== digest)
      throw new FleetError(
        'already-exists',
        `${key} is sha256:${before.digest}; give the other one another version`,
      );
    const record: ModuleRecord = {
      name,
      version,
      digest,
      bytes: bytes.length,
      imports: module.imports.map((item) => ({ module: item.module, name: item.name, kind: item.type.kind })),
      exports: module.exports.map((item) => ({ name: item.name, kind: item.kind })),
    };
    await this.database.put(`module/${key}`, record);
    this.records.set(key, record);
    return record;
  }

  /** What has been pushed before somebody had to sign it is asked for its signature when it is deployed. */
  async checkSigners(modules: ExecutionSpec['modules']): Promise<void> {
    for (const { name, digest } of modules) await this.signers?.check((await this.blobs.get(digest))!, name);
  }

  /** By `name`, the newest version, or by `name@version`. */
  find(reference: string): ModuleRecord {
    const exact = this.records.get(reference);
    if (exact !== undefined) return exact;
    const versions = this.list().filter(({ name }) => name === reference);
    const newest = versions.sort((a, b) => compareVersions(b.version, a.version))[0];
    if (newest === undefined) throw new FleetError('not-found', `no module ${reference}`);
    return newest;
  }

  list(): ModuleRecord[] {
    return [...this.records.values()];
  }
}
