/** Agents in this process, for tests that need no other one. */
import { Agent, type AgentOptions } from '../agent/agent';
import { simulatedDevices } from '../agent/host/devices';
import { nodeWorld } from '../agent/node-world';
import { encodeCheckpoint } from '../protocol/checkpoint';
import { Client, type Transport } from '../protocol/client';
import { type ExecutionSpec, executionId, executionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { identityIn } from '../security/keys';
import { type Files, MemoryFiles } from '../store/files';

/** A network that has nobody. */
export const nowhere: Transport = ({ url }) =>
  Promise.reject(new FleetError('unavailable', `${url} is not on this network`));

export async function testAgent(
  name: string,
  files: Files = new MemoryFiles(),
  transport = nowhere,
  log: (text: string) => void = () => undefined,
  house?: AgentOptions['house'],
): Promise<Agent> {
  return new Agent({
    identity: await identityIn(files),
    name,
    world: nodeWorld,
    files,
    client: new Client(transport),
    devices: simulatedDevices(),
    log,
    house,
  });
}

/** The spec of an execution of modules that the agent gets. */
export async function specFor(
  agent: Agent,
  modules: Readonly<Record<string, Uint8Array>>,
  more: Record<string, unknown> = {},
): Promise<ExecutionSpec> {
  const listed: { name: string; digest: string }[] = [];
  for (const [name, bytes] of Object.entries(modules))
    listed.push({ name, digest: await agent.blobs.put(bytes) });
  return executionSpec({ name: 'main', modules: listed, ...more }, 'spec');
}

/** A checkpoint of an execution that has not begun. */
export function newborn(spec: ExecutionSpec, epoch = 1, deployment = 'test'): Uint8Array {
  const execution = executionId(deployment, spec.name);
  const head = { execution, deployment, spec, epoch, sequence: 0, begun: 0, answered: [] };
  return encodeCheckpoint({ head, snapshot: new Uint8Array(0) });
}
