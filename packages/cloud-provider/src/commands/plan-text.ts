// The plan for people: steps grouped by object, then what is wrong and what is not known, then one line that sums up. Pure.
import { referenceName, reportSummary } from './plan-report.ts';
import type { ObjectReference, PlanReport } from './plan-report.ts';
import { textTable } from './text-table.ts';

const KIND = { title: 'KIND', widest: 12 };
const NAME = { title: 'NAME', widest: 60 };
const TEXT_WIDEST = 100;

/** The lines of `plan`. */
export function planText(report: PlanReport): readonly string[] {
  return [...stepTable(report), ...problemTable(report), ...unknownTable(report), reportSummary(report)];
}

function stepTable({ steps }: PlanReport): readonly string[] {
  if (steps.length === 0) return [];
  const columns = [KIND, NAME, { title: 'STEP', widest: 64 }, { title: 'WHY', widest: 48 }];
  const groups = Map.groupBy(steps, ({ object }) => namesOf(object).join(' '));
  const rows = [...groups.values()].flatMap((group) =>
    group.map(({ object, summary, why }, index) => [...(index === 0 ? namesOf(object) : ['', '']), summary, why]),
  );
  return [...textTable(columns, rows), ''];
}

function problemTable({ problems }: PlanReport): readonly string[] {
  if (problems.length === 0) return [];
  const columns = [KIND, NAME, { title: 'SEVERITY', widest: 8 }, { title: 'PROBLEM', widest: TEXT_WIDEST }];
  const rows = problems.map(({ object, severity, message }) => [...namesOf(object), severity, message]);
  return [...textTable(columns, rows), ''];
}

function unknownTable({ unknown }: PlanReport): readonly string[] {
  if (unknown.length === 0) return [];
  const columns = [KIND, NAME, { title: 'UNKNOWN', widest: TEXT_WIDEST }];
  const rows = unknown.map(({ object, message }) => [...namesOf(object), message]);
  return [...textTable(columns, rows), ''];
}

function namesOf(object: ObjectReference): readonly [string, string] {
  return [object.kind, referenceName(object)];
}
