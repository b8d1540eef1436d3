// Go's duration notation (`1h2m3.5s`, `300ms`), in which every Kubernetes flag writes time. Pure; called by the flag kinds and by configuration files.
import type { Problem } from './problem.ts';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const wholeDuration = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const onePart = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds of a Go duration. A bare `0` is allowed, any other number needs a unit, as in Go. */
export function parseDuration(text: string): number | Problem {
  if (/^[+-]?0$/.test(text)) return 0;
  const match = wholeDuration.exec(text);
  if (!match) return { problem: 'is not a duration; write it like 300ms, 10s, 1h30m' };
  let totalMs = 0;
  for (const [, count, unit] of (match[2] ?? '').matchAll(onePart))
    totalMs += Number(count) * (unitMs[unit ?? ''] ?? 0);
  return match[1] === '-' ? -totalMs : totalMs;
}

/** Go's own way to print a duration: `1h2m3.5s`, `300ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1e-3) return `${trimmed(ms * 1e6)}ns`;
  if (ms < 1) return `${trimmed(ms * 1e3)}µs`;
  if (ms < 1_000) return `${trimmed(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${trimmed((ms % 60_000) / 1_000)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}
