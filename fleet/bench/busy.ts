/** How busy this machine is: times that are measured beside other work are those of that work, too. */
import { cpus } from 'node:os';

/** The part of the processors' time that has been used since then, by whomever. Ask again to know it. */
export function busy(): () => number {
  const times = () => {
    const all = cpus().map((one) => one.times);
    const idle = all.reduce((sum, one) => sum + one.idle, 0);
    return {
      idle,
      total: all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle),
    };
  };
  const before = times();
  return () => {
    const { idle, total } = times();
    return 1 - (idle - before.idle) / Math.max(1, total - before.total);
  };
}
