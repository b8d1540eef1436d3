// The lines of `validate cluster` and whether all is well. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Cluster, Machine } from '../../api/objects.ts';
import type { Pod } from '../kube-kinds.ts';

/** What was found; Nodes are those of the cluster itself. */
export interface Findings {
  readonly cluster: Cluster;
  readonly machines: readonly Machine[];
  readonly nodes: readonly KubeNode[];
  /** Of kube-system. */
  readonly pods: readonly Pod[];
}

/** The lines, and whether every check passed. */
export interface Verdict {
  readonly lines: readonly string[];
  readonly isHealthy: boolean;
}

interface Check {
  readonly line: string;
  readonly problems: readonly string[];
}

/** Cluster, machines with their Nodes, pods of kube-system. */
export function validateCluster({ cluster, machines, nodes, pods }: Findings): Verdict {
  const namespace = cluster.metadata?.namespace ?? 'default';
  const objects: readonly Check[] = [
    { line: `Checking cluster object "${cluster.metadata?.name ?? ''}"`, problems: errorsOf(cluster) },
    ...machines.map((machine) => ({
      line: `Checking machine object "${machine.metadata?.name ?? ''}"`,
      problems: [...errorsOf(machine), ...nodeProblems(machine, nodes)],
    })),
  ];
  const podChecks: readonly Check[] = [{ line: 'Checking pods', problems: podProblems(pods) }];
  const lines = [
    `Validating Cluster API objects in namespace "${namespace}"`,
    ...objects.flatMap(linesOf),
    '',
    'Validating pods in namespace "kube-system"',
    ...podChecks.flatMap(linesOf),
    'Component statuses: not checked (the API server no longer has them)',
  ];
  return { lines, isHealthy: [...objects, ...podChecks].every(({ problems }) => problems.length === 0) };
}

function linesOf({ line, problems }: Check): readonly string[] {
  return [`${line}... ${problems.length === 0 ? 'PASS' : 'FAIL'}`, ...problems.map((problem) => `\t[${problem}]`)];
}

function errorsOf({ status }: Cluster | Machine): readonly string[] {
  const { errorReason, errorMessage } = status ?? {};
  if (errorReason === undefined && errorMessage === undefined) return [];
  return [`${errorReason ?? 'error'}: ${errorMessage ?? 'no message'}`];
}

function nodeProblems({ status }: Machine, nodes: readonly KubeNode[]): readonly string[] {
  const name = status?.nodeRef?.name;
  if (name === undefined) return ['the corresponding node is not known yet (status.nodeRef is missing)'];
  const node = nodes.find(({ metadata }) => metadata?.name === name);
  return node ? readyProblems(name, node) : [`node "${name}" does not exist`];
}

function readyProblems(name: string, { status }: KubeNode): readonly string[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? [] : [`node "${name}" is not ready: ${ready?.message ?? 'it says nothing'}`];
}

function podProblems(pods: readonly Pod[]): readonly string[] {
  if (pods.length === 0) return ['there is no pod in kube-system'];
  return pods.flatMap((pod) => {
    const { phase = 'Unknown', containerStatuses = [] } = pod.status ?? {};
    const name = pod.metadata?.name ?? '';
    if (phase === 'Succeeded') return [];
    if (phase !== 'Running') return [`pod "${name}" is ${phase}`];
    return containerStatuses
      .filter(({ ready }) => !ready)
      .map((container) => `pod "${name}": container "${container.name}" is not ready`);
  });
}
