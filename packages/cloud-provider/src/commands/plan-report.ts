// What a plan of the whole cluster consists of, and the two things that are said of it as a whole: one line and an exit code. Pure.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';

/** The object that a step changes. Nodes and Services are in the cluster, routes and what else a provider keeps in the cloud. */
export interface ObjectReference {
  readonly kind: 'Node' | 'Service' | 'Route' | (string & {});
  readonly namespace?: string;
  readonly name: string;
}

/** Who says something about which object. */
interface Statement {
  readonly object: ObjectReference;
  /** Its name for `--controllers`, or the name that the provider gives to a loop of its own. */
  readonly controller: string;
}

/** One step that a controller would take now. */
export interface ReportedStep extends Statement {
  /** The step as data: `kind` and its arguments. */
  readonly step: { readonly kind: string; readonly [argument: string]: unknown };
  /** What is done, as a verb phrase. */
  readonly summary: string;
  readonly why: string;
}

/** What hinders a controller. `waiting` ends by itself, `error` needs a person. */
export interface ReportedProblem extends Statement {
  readonly severity: 'error' | 'warning' | 'waiting';
  readonly message: string;
}

/** What could not be found out: no step follows from it. */
export interface ReportedUnknown extends Statement {
  readonly message: string;
}

/** The plan as `plan -o json` prints it. */
export interface PlanReport {
  readonly steps: readonly ReportedStep[];
  readonly problems: readonly ReportedProblem[];
  readonly unknown: readonly ReportedUnknown[];
}

/** Nothing to do, nothing wrong. */
export const emptyReport: PlanReport = { steps: [], problems: [], unknown: [] };

/** All parts in one, in their order. */
export function mergeReports(parts: readonly PlanReport[]): PlanReport {
  return {
    steps: parts.flatMap(({ steps }) => steps),
    problems: parts.flatMap(({ problems }) => problems),
    unknown: parts.flatMap(({ unknown }) => unknown),
  };
}

/** What the report says of one object. */
export function reportAbout(report: PlanReport, object: ObjectReference): PlanReport {
  const isIt = (statement: Statement): boolean => referenceKey(statement.object) === referenceKey(object);
  return {
    steps: report.steps.filter(isIt),
    problems: report.problems.filter(isIt),
    unknown: report.unknown.filter(isIt),
  };
}

/** `7 steps for 3 objects`, or `nothing to do`; then what else there is to read. */
export function reportSummary({ steps, problems, unknown }: PlanReport): string {
  const objects = new Set(steps.map(({ object }) => referenceKey(object)));
  const work =
    steps.length === 0 ? 'nothing to do' : `${count(steps.length, 'step')} for ${count(objects.size, 'object')}`;
  return [
    work,
    ...(problems.length === 0 ? [] : [count(problems.length, 'problem')]),
    ...(unknown.length === 0 ? [] : [`${unknown.length} unknown`]),
  ].join(', ');
}

/** 2 when there is something to do, as `diff` and `terraform plan` have it. Errors are 1 and come as rejections. */
export function reportExitCode({ steps }: PlanReport): 0 | 2 {
  return steps.length === 0 ? 0 : 2;
}

/** The reference to a Node. */
export function nodeReference(node: KubeNode): ObjectReference {
  return { kind: 'Node', name: node.metadata?.name ?? '' };
}

/** The reference to a Service. */
export function serviceReference(service: KubeService): ObjectReference {
  const { namespace = '', name = '' } = service.metadata ?? {};
  return { kind: 'Service', namespace, name };
}

/** `shop/web`, or `node-1`. */
export function referenceName({ namespace, name }: ObjectReference): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function referenceKey(object: ObjectReference): string {
  return `${object.kind} ${referenceName(object)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
