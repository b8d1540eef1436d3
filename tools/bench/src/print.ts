// Results and verdicts as text for people.
import type { Verdict } from './figures.ts';

/** Prints one line per figure; counts by name are indented below theirs. */
export function printResult(result: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(result)) {
    if (typeof value === 'object' && value !== null) {
      console.log(`${key}:`);
      for (const [name, count] of Object.entries(value)) console.log(`    ${name.padEnd(44)} ${shown(count)}`);
    } else {
      console.log(`${key.padEnd(28)} ${shown(value)}`);
    }
  }
}

/** Prints one line per verdict: met or missed, the value, the limit. */
export function printVerdicts(verdicts: readonly Verdict[]): void {
  for (const { what, value, limit, isMet } of verdicts) {
    console.log(
      `${isMet ? 'met   ' : 'MISSED'} ${what.padEnd(64)} ${shown(value).padStart(9)} (at most ${shown(limit)})`,
    );
  }
}

function shown(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}
