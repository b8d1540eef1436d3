// The set of the present template: found or described anew, with its annotations, revision and history. Pure.
import { annotations, CLUSTER_LABEL, TEMPLATE_HASH_LABEL } from '../api/names.ts';
import type { MachineDeployment, MachineSet } from '../api/objects.ts';
import { machineSets } from '../api/resources.ts';
import { controllerReference, objectKey } from '../machineset/ownership.ts';
import type { RollingLimits } from './rolling-limits.ts';
import { byAge, revisionOf } from './set-view.ts';
import type { SetView } from './set-view.ts';
import { isSameTemplate, nameEnding, templateHash } from './template-hash.ts';

type Annotations = Readonly<Record<string, string>>;

/** Changes of a set that do not concern its size. */
export interface SetChange {
  readonly annotations?: Annotations;
  readonly minReadySeconds?: number;
}

// These say something about one object and do not travel from the deployment to its sets.
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  annotations.revision,
  annotations.revisionHistory,
  annotations.desiredReplicas,
  annotations.maxReplicas,
  annotations.paused,
  annotations.moving,
]);

/** The oldest set with the deployment's template that is not being deleted. */
export function findNewSet(deployment: MachineDeployment, sets: readonly SetView[]): SetView | undefined {
  const isSame = ({ set, isGoing }: SetView): boolean =>
    !isGoing && isSameTemplate(set.spec?.template, deployment.spec?.template);
  return sets.filter(isSame).sort(byAge)[0];
}

/** What has to change on the new set so that it follows its deployment; undefined when nothing. */
export function planSetChange(
  deployment: MachineDeployment,
  set: MachineSet,
  old: readonly SetView[],
): SetChange | undefined {
  const changed = changedAnnotations(set, {
    ...travelling(deployment),
    ...revisionAnnotations(set, nextRevision(old)),
  });
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const isSame = (set.spec?.minReadySeconds ?? 0) === minReadySeconds;
  if (!changed && isSame) return undefined;
  return { ...(changed ? { annotations: changed } : {}), ...(isSame ? {} : { minReadySeconds }) };
}

/** The annotations of a set that is scaled, for proportional scaling later on. */
export function sizeAnnotations({ desired, maxSurge }: RollingLimits): Annotations {
  return { [annotations.desiredReplicas]: String(desired), [annotations.maxReplicas]: String(desired + maxSurge) };
}

/** A new set for the deployment's template. */
export function newSet(
  deployment: MachineDeployment,
  old: readonly SetView[],
  size: { readonly limits: RollingLimits; readonly replicas: number },
): MachineSet {
  const { template, selector, minReadySeconds = 0 } = deployment.spec ?? {};
  const hash = templateHash(template);
  const labels = { ...template?.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash };
  const revision = { [annotations.revision]: String(nextRevision(old)) };
  return {
    apiVersion: `${machineSets.group}/${machineSets.version}`,
    kind: machineSets.kind,
    metadata: {
      ...objectKey(deployment),
      name: `${deployment.metadata?.name ?? ''}-${nameEnding(hash)}`,
      labels: { ...clusterLabel(deployment), ...labels },
      annotations: { ...travelling(deployment), ...revision, ...sizeAnnotations(size.limits) },
      ownerReferences: [controllerReference('MachineDeployment', deployment)],
    },
    spec: {
      replicas: size.replicas,
      minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

function clusterLabel({ metadata }: MachineDeployment): Annotations {
  const cluster = metadata?.labels?.[CLUSTER_LABEL];
  return cluster === undefined ? {} : { [CLUSTER_LABEL]: cluster };
}

function changedAnnotations(set: MachineSet, wanted: Annotations): Annotations | undefined {
  const have = set.metadata?.annotations ?? {};
  const changed = Object.entries(wanted).filter(([key, value]) => have[key] !== value);
  return changed.length > 0 ? Object.fromEntries(changed) : undefined;
}

function nextRevision(old: readonly SetView[]): number {
  return Math.max(0, ...old.map(({ set }) => revisionOf(set))) + 1;
}

// A set that is rolled back to gets a new number; the former ones are its history.
function revisionAnnotations(set: MachineSet, next: number): Annotations {
  const now = revisionOf(set);
  if (now >= next) return {};
  const history = set.metadata?.annotations?.[annotations.revisionHistory];
  const former = now > 0 ? [...(history ? history.split(',') : []), String(now)].join(',') : undefined;
  return {
    [annotations.revision]: String(next),
    ...(former === undefined ? {} : { [annotations.revisionHistory]: former }),
  };
}

function travelling(deployment: MachineDeployment): Annotations {
  const own = Object.entries(deployment.metadata?.annotations ?? {});
  return Object.fromEntries(own.filter(([key]) => !OWN_ANNOTATIONS.has(key)));
}
