// What cluster.yaml and machines.yaml ask for, put in order, and everything that is wrong with them. Pure; preflight and the phases ask.
import { isControlPlane } from '../../api/conditions.ts';
import { API_VERSION, CLUSTER_GROUP, CLUSTER_LABEL } from '../../api/names.ts';
import type { Cluster, Machine, MachineClass, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { readMachineProviderSpec } from '../../api/packet-specs.ts';
import { clusterProblems } from '../../api/validate-cluster.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { titleOf } from '../kube-kinds.ts';
import type { ParsedFile } from './documents.ts';

/** The objects of machines.yaml. */
export interface MachinesInput {
  /** In the order of the file; the first is made first, the others join it. */
  readonly controlPlane: readonly Machine[];
  readonly workers: readonly Machine[];
  readonly machineClasses: readonly MachineClass[];
  readonly machineSets: readonly MachineSet[];
  readonly machineDeployments: readonly MachineDeployment[];
}

/** Both files. */
export interface ClusterInput extends MachinesInput {
  readonly cluster: Cluster;
}

/** The input, or all problems. */
export type Reading<T> =
  { readonly input: T; readonly problems: readonly [] } | { readonly problems: readonly string[] };

const OF_GROUP = `${CLUSTER_GROUP}/${API_VERSION}`;
const MACHINE_KINDS: readonly string[] = ['Machine', 'MachineSet', 'MachineDeployment', 'MachineClass'];

/** The Cluster of cluster.yaml; others in the file are refused, because only one would be made. */
export function readCluster(file: ParsedFile): Reading<Cluster> {
  const found = file.objects.filter(({ kind, apiVersion }) => kind === 'Cluster' && apiVersion === OF_GROUP);
  const strange = file.objects.filter((object) => !found.includes(object));
  const problems = [...file.problems, ...strange.map((object) => strangeKind(file, object, 'Cluster'))];
  if (found.length === 0 && file.problems.length === 0)
    problems.push(`${file.path} holds no Cluster (${OF_GROUP}): one is needed`);
  if (found.length > 1) problems.push(`${file.path} holds ${found.length} Clusters: one command makes one of them`);
  const [first] = found;
  if (!first) return { problems };
  const cluster = withNamespace(first, 'default') as Cluster;
  const all = [...problems, ...clusterProblems(cluster).map((problem) => `${file.path}: ${problem}`)];
  return all.length > 0 ? { problems: all } : { input: cluster, problems: [] };
}

/** The machines of machines.yaml, all in the Cluster's namespace and with its label; control plane machines are needed unless `isPartial`. */
export function readMachines(
  file: ParsedFile,
  cluster: { readonly namespace: string; readonly name: string },
  { isPartial = false }: { readonly isPartial?: boolean } = {},
): Reading<MachinesInput> {
  const known = file.objects.filter(
    ({ kind = '', apiVersion }) => MACHINE_KINDS.includes(kind) && apiVersion === OF_GROUP,
  );
  const strange = file.objects.filter((object) => !known.includes(object));
  const placed = known.map((object) => withLabel(withNamespace(object, cluster.namespace), cluster.name));
  const ofKind = <T>(kind: string): readonly T[] =>
    placed.filter((object) => object.kind === kind) as unknown as readonly T[];
  const machines = ofKind<Machine>('Machine');
  const input: MachinesInput = {
    controlPlane: machines.filter(isControlPlane),
    workers: machines.filter((machine) => !isControlPlane(machine)),
    machineClasses: ofKind<MachineClass>('MachineClass'),
    machineSets: ofKind<MachineSet>('MachineSet'),
    machineDeployments: ofKind<MachineDeployment>('MachineDeployment'),
  };
  const problems = [
    ...file.problems,
    ...strange.map((object) => strangeKind(file, object, MACHINE_KINDS.join(', '))),
    ...placed.flatMap((object) => placeProblems(file, object, cluster)),
    ...(isPartial || input.controlPlane.length > 0 ? [] : [noMaster(file)]),
    ...machineSpecs(input).flatMap((machine) => specProblems(file, machine, input.machineClasses)),
  ];
  return problems.length > 0 ? { problems } : { input, problems: [] };
}

/** All that will become servers, with how many of each: machines, and templates as if they were machines. */
export function machineSpecs(input: MachinesInput): readonly (Machine & { readonly count: number })[] {
  const single = [...input.controlPlane, ...input.workers].map((machine) => ({ ...machine, count: 1 }));
  const templates = [...input.machineSets, ...input.machineDeployments].map(({ kind, metadata, spec }) => ({
    ...(kind === undefined ? {} : { kind }),
    ...(metadata ? { metadata } : {}),
    ...(spec?.template?.spec ? { spec: spec.template.spec } : {}),
    count: spec?.replicas ?? 1,
  }));
  return [...single, ...templates];
}

/** The class that a machine of this input refers to. */
export function classIn(
  classes: readonly MachineClass[],
): (namespace: string, name: string) => MachineClass | undefined {
  return (namespace, name) =>
    classes.find(({ metadata }) => metadata?.name === name && (metadata.namespace ?? 'default') === namespace);
}

function specProblems(file: ParsedFile, machine: Machine, classes: readonly MachineClass[]): readonly string[] {
  const kubelet = machine.spec?.versions?.kubelet;
  return [
    ...(readMachineProviderSpec(machine, classIn(classes)).problems ?? []),
    ...(kubelet ? [] : [`${titleOf(machine.kind ?? 'Machine', machine)}: spec.versions.kubelet is missing`]),
  ].map((problem) => `${file.path}: ${problem}`);
}

function placeProblems(
  file: ParsedFile,
  object: AnyObject,
  cluster: { readonly namespace: string; readonly name: string },
): readonly string[] {
  const title = titleOf(object.kind ?? '', object);
  const { namespace, labels } = object.metadata ?? {};
  const other = labels?.[CLUSTER_LABEL];
  return [
    ...(namespace === cluster.namespace
      ? []
      : [`${file.path}: ${title} is not in the namespace "${cluster.namespace}" of its Cluster`]),
    ...(other === undefined || other === cluster.name || object.kind === 'MachineClass'
      ? []
      : [`${file.path}: ${title} has the label ${CLUSTER_LABEL}=${other}, but the Cluster is "${cluster.name}"`]),
  ];
}

function strangeKind({ path }: ParsedFile, object: AnyObject, wanted: string): string {
  const { apiVersion = '', kind = '' } = object;
  return `${path}: ${titleOf(kind, object)} (${apiVersion}) does not belong here: only ${wanted} of ${OF_GROUP}`;
}

function noMaster({ path }: ParsedFile): string {
  return `${path} holds no control plane Machine: one with spec.versions.controlPlane is needed`;
}

function withNamespace(object: AnyObject, namespace: string): AnyObject {
  return object.metadata?.namespace === undefined ? { ...object, metadata: { ...object.metadata, namespace } } : object;
}

// Without the label a Machine belongs to no cluster, and nothing would ever be done for it.
function withLabel(object: AnyObject, cluster: string): AnyObject {
  if (object.kind === 'MachineClass' || object.metadata?.labels?.[CLUSTER_LABEL] !== undefined) return object;
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata?.labels, [CLUSTER_LABEL]: cluster } },
  };
}
