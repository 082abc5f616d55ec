/** What an agent counts. */
import { counted, type Metric } from '../protocol/metrics';
import type { Agent } from './agent';

const STATES = ['running', 'paused', 'leaving', 'gone', 'failed'];

export function agentMetrics(agent: Agent): readonly Metric[] {
  const executions = [...agent.executions.values()];
  const sum = (pick: (one: (typeof executions)[number]) => number): { readonly value: number }[] => [
    { value: executions.reduce((total, one) => total + pick(one), 0) },
  ];
  return [
    {
      name: 'executions',
      help: 'Executions on this device.',
      samples: counted(
        'state',
        STATES,
        executions.map(({ state }) => state.kind),
      ),
    },
    { name: 'memory_bytes', help: 'Linear memories of executions.', samples: sum((one) => one.memoryBytes) },
    { name: 'waiting_calls', help: 'Calls that wait or run.', samples: sum((one) => one.waiting) },
    {
      name: 'fuel',
      help: 'Fuel that the executions which are here now have used here.',
      samples: sum((one) => one.fuelUsed),
    },
    {
      name: 'copies',
      help: 'Checkpoints that are kept for neighbours.',
      samples: [{ value: agent.copies.list().length }],
    },
  ];
}
