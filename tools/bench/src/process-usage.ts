// What a child process used, read from /proc: Linux only, like the benchmarks.
import { readFileSync } from 'node:fs';

/** CPU seconds and memory of one process. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  /** The highest resident size since the start (VmHWM). */
  readonly peakRssMiB: number;
}

// USER_HZ is 100 on every Linux that Node supports.
const TICKS_PER_SECOND = 100;

/** Reads the usage of a live process; throws when it has ended. */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (key: string): number =>
    Math.round((Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1024) * 10) / 10;
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMiB: mebibytes('VmRSS'), peakRssMiB: mebibytes('VmHWM') };
}
