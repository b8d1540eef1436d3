// Explanations for people: a title, then sections with their lines. Pure.
import { referenceName } from './plan-report.ts';
import type { ObjectReference, ReportedStep } from './plan-report.ts';
import { oneLine, wrap } from './text-table.ts';

/** One section; without lines it is left out. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

const WIDEST = 110;
const INDENT = '  ';

/** The lines of `explain`. */
export function explanationText(object: ObjectReference, sections: readonly Section[]): readonly string[] {
  const filled = sections.filter(({ lines }) => lines.length > 0);
  return [
    oneLine(`${object.kind} ${referenceName(object)}`),
    ...filled.flatMap(({ title, lines }) => ['', title, ...lines.flatMap(indented)]),
  ];
}

/** Numbered steps with their reasons. */
export function nextLines(steps: readonly ReportedStep[], blockedBy: readonly string[]): readonly string[] {
  if (steps.length === 0) return [blockedBy.length === 0 ? 'Nothing is to be done.' : 'Nothing as long as that lasts.'];
  return steps.map(({ summary, why, controller }, index) => `${index + 1}. ${summary} (${controller}: ${why})`);
}

/** The fields of something that only the provider understands, one line each. */
export function fieldLines(fields: object): readonly string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => `${INDENT}${name}: ${shortened(typeof value === 'string' ? value : JSON.stringify(value))}`,
    );
}

const LONGEST_VALUE = 200;

// The whole value is in `-o json`.
function shortened(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`;
}

function indented(line: string): readonly string[] {
  const [lead = ''] = /^ */.exec(line) ?? [];
  return wrap(oneLine(line), WIDEST).map((part, index) => `${INDENT}${lead}${index === 0 ? '' : INDENT}${part}`);
}
