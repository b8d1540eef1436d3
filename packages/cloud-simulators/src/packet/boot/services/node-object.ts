// The Node object of a machine, as a kubelet registers it, and what it reports later. Pure.
import type { KubeletSettings, Taint } from './kubelet-settings.ts';

/** What the machine is. */
export interface MachineFacts {
  readonly hostname: string;
  readonly kubeletVersion: string;
  /** The first address of the machine that others can reach. */
  readonly address: string | undefined;
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Since when it is ready. */
  readonly startedAt: string;
}

/** As much of an object as is needed here. */
export interface ApiObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

const UNINITIALIZED: Taint = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
};

/** The object that is created when the node registers. */
export function desiredNode(settings: KubeletSettings, facts: MachineFacts, now: string): ApiObject {
  const { nodeIps, hasExternalCloudProvider, providerId } = settings;
  const labels = {
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': facts.hostname.toLowerCase(),
    ...settings.labels,
  };
  // From here the controller of the cloud knows which address the node wants to be known by.
  const wish =
    hasExternalCloudProvider && nodeIps.length > 0
      ? { 'alpha.kubernetes.io/provided-node-ip': nodeIps.join(',') }
      : undefined;
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true', ...wish };
  const taints = [...settings.taints, ...(hasExternalCloudProvider ? [UNINITIALIZED] : [])];
  return {
    metadata: { name: settings.nodeName, labels, annotations } as ApiObject['metadata'] & object,
    spec: { ...(providerId === undefined ? {} : { providerID: providerId }), taints },
    status: { ...nodeStatus(settings, facts, now), addresses: addressesOf(settings, facts) },
  };
}

/** The status that is reported again and again; addresses are reported at registration only, later they are the cloud's. */
export function nodeStatus(
  { nodeName }: Pick<KubeletSettings, 'nodeName'>,
  facts: MachineFacts,
  now: string,
): Readonly<Record<string, unknown>> {
  const amounts = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': '100Gi',
    pods: '110',
  };
  return {
    capacity: amounts,
    allocatable: amounts,
    conditions: conditionsOf(nodeName, now, facts.startedAt),
    nodeInfo: {
      architecture: facts.architecture,
      bootID: facts.bootId,
      containerRuntimeVersion: 'containerd://2.1.0',
      kernelVersion: facts.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: facts.kubeletVersion,
      machineID: facts.machineId,
      operatingSystem: 'linux',
      osImage: facts.osImage,
      systemUUID: facts.machineId,
    },
  };
}

/** The lease that says that the node lives. */
export function desiredLease(nodeName: string, nodeUid: string, now: string): ApiObject {
  const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid };
  return {
    metadata: { name: nodeName, namespace: 'kube-node-lease', ownerReferences: [owner] } as ApiObject['metadata'] &
      object,
    spec: { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime: now.replace('Z', '000Z') },
  };
}

// With a controller of the cloud a kubelet reports only what it was told on its command line.
function addressesOf(settings: KubeletSettings, facts: MachineFacts): readonly object[] {
  const own = settings.hasExternalCloudProvider || facts.address === undefined ? [] : [facts.address];
  const ips = settings.nodeIps.length > 0 ? settings.nodeIps : own;
  if (ips.length === 0) return [];
  return [
    ...ips.map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: facts.hostname.toLowerCase() },
  ];
}

function conditionsOf(nodeName: string, now: string, since: string): readonly object[] {
  const fine = (type: string, reason: string): object => conditionOf({ type, status: 'False', reason, now, since });
  return [
    fine('MemoryPressure', 'KubeletHasSufficientMemory'),
    fine('DiskPressure', 'KubeletHasNoDiskPressure'),
    fine('PIDPressure', 'KubeletHasSufficientPID'),
    conditionOf({
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      now,
      since,
      message: `${nodeName} is a simulated machine`,
    }),
  ];
}

interface ConditionFacts {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly now: string;
  readonly since: string;
  readonly message?: string;
}

function conditionOf({ now, since, message = '', ...rest }: ConditionFacts): object {
  return { ...rest, message, lastHeartbeatTime: now, lastTransitionTime: since };
}
