// What belongs to one cluster and goes with it when it moves, and in which order. Pure; pivot.ts feeds it with what both API servers hold.
import { CLUSTER_LABEL, clusterSecrets } from '../../api/names.ts';
import type { Cluster, Machine, MachineClass, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { clusters, machineClasses, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { anyType, secrets } from '../kube-kinds.ts';
import type { AnyObject, AnyType, Secret } from '../kube-kinds.ts';

/** Which cluster. */
export interface ClusterId {
  readonly namespace: string;
  readonly name: string;
}

/** All that one API server holds in the cluster's namespace. */
export interface NamespaceContent {
  readonly clusters: readonly Cluster[];
  readonly secrets: readonly Secret[];
  readonly machineClasses: readonly MachineClass[];
  readonly machineDeployments: readonly MachineDeployment[];
  readonly machineSets: readonly MachineSet[];
  readonly machines: readonly Machine[];
}

/** An object that moves. */
export interface Moved {
  readonly type: AnyType;
  readonly object: AnyObject;
  /** Controllers act on it, so it is frozen while it moves. */
  readonly isFreezable: boolean;
  /** Others in the namespace use it too: it is copied and stays. */
  readonly isShared: boolean;
}

/** What moves, owners before what they own: Cluster, Secrets, classes, deployments, sets, machines. */
export interface MoveScope {
  readonly cluster: Cluster | undefined;
  readonly objects: readonly Moved[];
}

/** Everything of the cluster. */
export function scopeOf({ namespace, name }: ClusterId, content: NamespaceContent): MoveScope {
  const cluster = content.clusters.find((candidate) => candidate.metadata?.name === name);
  const labelled = <T extends Cluster | Machine | MachineSet | MachineDeployment>(
    objects: readonly T[],
  ): readonly T[] => objects.filter((object) => object.metadata?.labels?.[CLUSTER_LABEL] === name);
  const own = {
    deployments: labelled(content.machineDeployments),
    sets: labelled(content.machineSets),
    machines: labelled(content.machines),
  };
  const classes = classesOf(content, namespace, own);
  const objects = [
    ...(cluster ? [cluster] : []).map((object) => moved(anyType(clusters), object)),
    ...content.secrets
      .filter((secret) => isSecretOf(secret, name, cluster))
      .map((object) => moved(anyType(secrets), object, { isFreezable: false })),
    ...classes.map(({ object, isShared }) => moved(anyType(machineClasses), object, { isFreezable: false, isShared })),
    ...own.deployments.map((object) => moved(anyType(machineDeployments), object)),
    ...own.sets.map((object) => moved(anyType(machineSets), object)),
    ...own.machines.map((object) => moved(anyType(machines), object)),
  ];
  return { cluster, objects };
}

function moved(type: AnyType, object: object, over: Partial<Moved> = {}): Moved {
  return { type, object: object as AnyObject, isFreezable: true, isShared: false, ...over };
}

function isSecretOf(secret: Secret, cluster: string, owner: Cluster | undefined): boolean {
  const { name = '', labels, ownerReferences = [] } = secret.metadata ?? {};
  const uid = owner?.metadata?.uid;
  if (uid !== undefined && ownerReferences.some((reference) => reference.uid === uid)) return true;
  return (
    labels?.[CLUSTER_LABEL] === cluster || Object.values(clusterSecrets).some((nameOf) => nameOf(cluster) === name)
  );
}

interface OwnObjects {
  readonly deployments: readonly MachineDeployment[];
  readonly sets: readonly MachineSet[];
  readonly machines: readonly Machine[];
}

// A class has no label: it goes with the machines that refer to it, and stays as well while machines of other clusters do.
function classesOf(
  content: NamespaceContent,
  namespace: string,
  own: OwnObjects,
): readonly { readonly object: MachineClass; readonly isShared: boolean }[] {
  const wanted = classNames(own, namespace);
  const foreign = classNames(
    {
      deployments: content.machineDeployments.filter((object) => !own.deployments.includes(object)),
      sets: content.machineSets.filter((object) => !own.sets.includes(object)),
      machines: content.machines.filter((object) => !own.machines.includes(object)),
    },
    namespace,
  );
  return content.machineClasses
    .filter((object) => wanted.has(object.metadata?.name ?? ''))
    .map((object) => ({ object, isShared: foreign.has(object.metadata?.name ?? '') }));
}

function classNames({ deployments, sets, machines: ofThem }: OwnObjects, namespace: string): ReadonlySet<string> {
  const specs = [
    ...ofThem.map((machine) => machine.spec),
    ...[...deployments, ...sets].map((object) => object.spec?.template?.spec),
  ];
  const references = specs.map((spec) => spec?.providerSpec?.valueFrom?.machineClass);
  return new Set(
    references
      .filter((reference) => (reference?.namespace ?? namespace) === namespace)
      .map((found) => found?.name ?? ''),
  );
}
