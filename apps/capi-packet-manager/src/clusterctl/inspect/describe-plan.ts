// `describe cluster`: what belongs to a cluster as a tree, each with its conditions that are not as they should be. Pure.
import { conditionTypes, conditionOf, isControlPlane } from '../../api/conditions.ts';
import type { Cluster, Condition, Machine, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { ownerOf } from '../kube-kinds.ts';
import type { MoveScope } from '../pivot/move-scope.ts';

interface Branch {
  readonly text: string;
  readonly conditions: readonly Condition[];
  readonly children: readonly Branch[];
}

type Described = Cluster | Machine | MachineSet | MachineDeployment;

/** The tree; `isWhole` shows conditions that are fine too. */
export function describeCluster(scope: MoveScope, { isWhole }: { readonly isWhole: boolean }): readonly string[] {
  const { cluster } = scope;
  if (!cluster) return [];
  const ofKind = <T>(kind: string): readonly T[] =>
    scope.objects.filter(({ type }) => type.kind === kind).map(({ object }) => object as unknown as T);
  const machines = ofKind<Machine>('Machine');
  const sets = ofKind<MachineSet>('MachineSet');
  const ownedBy = <T extends Described>(objects: readonly T[], kind: string, name: string | undefined): readonly T[] =>
    objects.filter((object) => ownerOf(object, kind)?.name === name);
  const setBranch = (set: MachineSet): Branch =>
    branch('MachineSet', set, replicas(set), ownedBy(machines, 'MachineSet', set.metadata?.name).map(machineBranch));
  const alone = machines.filter((machine) => !ownerOf(machine, 'MachineSet'));
  const tree = branch('Cluster', cluster, endpoint(cluster), [
    ...alone.filter(isControlPlane).map(machineBranch),
    ...ofKind<MachineDeployment>('MachineDeployment').map((deployment) =>
      branch(
        'MachineDeployment',
        deployment,
        replicas(deployment),
        ownedBy(sets, 'MachineDeployment', deployment.metadata?.name).map(setBranch),
      ),
    ),
    ...sets.filter((set) => !ownerOf(set, 'MachineDeployment')).map(setBranch),
    ...alone.filter((machine) => !isControlPlane(machine)).map(machineBranch),
  ]);
  return [tree.text, ...conditionLines(tree, '', isWhole), ...childLines(tree, '', isWhole)];
}

function branch(kind: string, object: Described, facts: string, children: readonly Branch[]): Branch {
  const conditions = object.status?.conditions ?? [];
  const deleting = object.metadata?.deletionTimestamp === undefined ? '' : ' (being deleted)';
  const text = `${kind}/${object.metadata?.name ?? ''}${facts === '' ? '' : `  ${facts}`}${deleting}`;
  return { text, conditions, children };
}

function machineBranch(machine: Machine): Branch {
  const { phase = 'Pending', nodeRef, providerStatus, errorReason } = machine.status ?? {};
  const { kubelet } = machine.spec?.versions ?? {};
  const facts = [
    phase,
    isControlPlane(machine) ? 'control plane' : undefined,
    kubelet === undefined ? undefined : `v${kubelet}`,
    nodeRef && `node ${nodeRef.name}`,
    providerStatus?.deviceState === undefined ? undefined : `device ${providerStatus.deviceState}`,
    errorReason,
  ];
  return branch('Machine', machine, facts.filter((fact) => fact !== undefined).join(', '), []);
}

function replicas({ spec, status }: MachineSet | MachineDeployment): string {
  return `${status?.availableReplicas ?? 0} of ${spec?.replicas ?? 1} available`;
}

function endpoint(cluster: Cluster): string {
  const [first] = cluster.status?.apiEndpoints ?? [];
  const isReady = conditionOf(cluster.status, conditionTypes.ready)?.status === 'True' ? 'ready' : 'not ready';
  return first ? `${isReady}, https://${first.host}:${first.port}` : `${isReady}, no endpoint`;
}

function isFine({ type, status }: Condition): boolean {
  return type === conditionTypes.paused ? status !== 'True' : status === 'True';
}

function conditionLines({ conditions, children }: Branch, indent: string, isWhole: boolean): readonly string[] {
  const bar = children.length > 0 ? '│ ' : '  ';
  return conditions
    .filter((condition) => isWhole || !isFine(condition))
    .map(
      (condition) => `${indent}${bar}  ${condition.type}=${condition.status} ${condition.reason}: ${condition.message}`,
    );
}

function childLines({ children }: Branch, indent: string, isWhole: boolean): readonly string[] {
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const below = `${indent}${isLast ? '  ' : '│ '}`;
    return [
      `${indent}${isLast ? '└─' : '├─'}${child.text}`,
      ...conditionLines(child, below, isWhole),
      ...childLines(child, below, isWhole),
    ];
  });
}
