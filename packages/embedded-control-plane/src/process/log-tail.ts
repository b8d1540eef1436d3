// The end of a component's log: shown when a start fails, and read to tell a taken port from a real failure.
import { readFileSync } from 'node:fs';

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 15;

/** The last lines of a log file; empty when there is none. */
export function readLogTail(path: string, fromByte = 0): string {
  try {
    const whole = readFileSync(path).subarray(fromByte);
    return lastLines(whole.subarray(Math.max(0, whole.length - TAIL_BYTES)).toString('utf8'), TAIL_LINES);
  } catch {
    return '';
  }
}

/** The last `count` lines that are not empty. */
export function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}

/** True when a server ended because another process listens on its port (kube-apiserver and etcd say it alike). */
export function saysPortIsTaken(log: string): boolean {
  return /address already in use/i.test(log);
}
