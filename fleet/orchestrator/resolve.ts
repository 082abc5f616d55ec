/**
 * A deployment as it is asked for names modules: `"module": "counter@^1.2"`, with the ranges of what they import under `dependencies`. Resolved,
 * it names bytes: every module by its digest, in the order of instantiation. So a deployment is locked when it is made.
 */
import { list, type Reader, record, shape, text, withDefault } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import type { Modules } from './modules';
import type { ModuleRecord } from './records';
import { compareVersions, satisfies } from './versions';

const reference = text(200);
const asked = shape({ module: reference, dependencies: withDefault(record(reference), {}) });
const anything: Reader<unknown> = (value) => value;

/** Executions that name a module get its digest and those of its dependencies; those that have digests stay as they are. */
export function resolveDeployment(document: unknown, modules: Modules): unknown {
  if (typeof document !== 'object' || document === null || !('executions' in document)) return document;
  const executions = list(anything)(document.executions, 'deployment.executions');
  return {
    ...document,
    executions: executions.map((execution, k) => {
      if (typeof execution !== 'object' || execution === null || !('module' in execution)) return execution;
      const { module, dependencies } = asked(execution, `deployment.executions[${k}]`);
      const locked = lock(pick(module, modules), dependencies, modules);
      return { ...execution, modules: locked.map(({ name, digest }) => ({ name, digest })) };
    }),
  };
}

/** `name`, `name@1.2.3` or `name@^1.2`: the newest version that fits. */
function pick(wanted: string, modules: Modules): ModuleRecord {
  const at = wanted.indexOf('@');
  const [name, range] = at < 0 ? [wanted, '*'] : [wanted.slice(0, at), wanted.slice(at + 1)];
  const fitting = modules.list().filter((one) => one.name === name && satisfies(one.version, range));
  const newest = fitting.sort((a, b) => compareVersions(b.version, a.version))[0];
  if (newest !== undefined) return newest;
  const known = modules
    .list()
    .filter((one) => one.name === name)
    .map(({ version }) => version);
  const there = known.length === 0 ? 'there is none of that name' : `there are ${known.join(', ')}`;
  throw new FleetError('module-unknown', `no module ${name}@${range}: ${there}`);
}

/** The module behind all that it imports from other modules of the registry. */
function lock(
  main: ModuleRecord,
  ranges: Readonly<Record<string, string>>,
  modules: Modules,
): readonly ModuleRecord[] {
  const order: ModuleRecord[] = [];
  const under = new Set<string>();
  const visit = (record: ModuleRecord): void => {
    if (order.some(({ name }) => name === record.name)) return;
    if (under.has(record.name))
      throw new FleetError(
        'bad-request',
        `the modules ${[...under].join(', ')} import each other in a circle`,
      );
    under.add(record.name);
    const needed = new Set(record.imports.map((item) => item.module));
    for (const name of needed) {
      const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
      if (range !== undefined) visit(pick(`${name}@${range}`, modules));
      else if (name !== record.name && modules.list().some((one) => one.name === name))
        visit(pick(name, modules));
    }
    under.delete(record.name);
    order.push(record);
  };
  visit(main);
  return order;
}
