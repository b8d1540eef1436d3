// The command line of the manager: the flags of both Go managers (Packet and generic), and ours. `-config` and `--config` are the same.
import { checkLeaderFlags, leaderFlags } from '@longshore/k8s-runtime';
import {
  atLeast,
  defineFlags,
  durationFlag,
  enumFlag,
  intFlag,
  isProblem,
  loggingFlags,
  stringFlag,
  stringListFlag,
} from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';
import { klogFlags } from './klog-flags.ts';
import { controllerSets, LEASE_PREFIX } from './leases.ts';
import { parseListenAddress } from './listen-address.ts';

const cluster = 'Cluster';
const packet = 'Packet';
const serving = 'Serving';

const { 'enable-leader-migration': _migration, 'leader-migration-config': _config, ...electionFlags } = leaderFlags;

/** All flags. */
export const managerFlags = defineFlags({
  config: stringFlag({
    default: '/etc/machineconfig/machine_configs.yaml',
    group: packet,
    help: 'File with the user data of machines by image and versions. It must exist at start and is read anew for every machine.',
  }),
  'ca-cache': stringFlag({
    group: packet,
    help: 'JSON file that keeps the CA pairs of clusters, keys in clear: for tests and local runs only. Empty for none.',
  }),
  'api-url': stringFlag({
    group: packet,
    help: 'Address of the Packet API, with or without /metal/v1. Empty: PACKET_API_URL, else the public one.',
  }),
  'provider-id-prefix': enumFlag({
    default: 'packet',
    values: ['packet', 'equinixmetal'],
    group: packet,
    help: 'What provider IDs of new machines start with, before ://.',
  }),
  'sync-period': durationFlag({
    default: '30s',
    group: packet,
    help: 'How often the devices of each project are listed.',
    validate: atLeast(1_000),
  }),
  'settling-time': durationFlag({
    default: '60s',
    group: packet,
    help: 'How long a device that was ordered may be missing in the lists of its project. Only afterwards it is ordered again, or given up when its machine is deleted: where lists lag for longer there may be two.',
    validate: atLeast(1_000),
  }),
  'wait-period': durationFlag({
    default: '15s',
    group: packet,
    help: 'Pause before another look at what has to come first: the endpoint, the keys, an API server that answers.',
    validate: atLeast(1_000),
  }),
  'concurrent-creates': intFlag({
    default: 5,
    group: packet,
    help: 'Devices that are ordered at the same time.',
    validate: atLeast(1),
  }),
  'userdata-limit': intFlag({
    default: 65_536,
    group: packet,
    help: 'Longest user data in bytes; a machine that would need more is refused before anything is ordered.',
    validate: atLeast(1),
  }),
  'sealing-key-file': stringFlag({
    group: packet,
    help: 'File with the key (32 bytes, or their base64) that private keys are sealed with. Empty: the Secret cluster-api-provider-packet-sealing-key, made when there is none.',
  }),
  kubeconfig: stringFlag({
    group: cluster,
    help: 'Kubeconfig of the cluster that keeps Clusters and Machines. Empty: the service account of the pod, else KUBECONFIG.',
  }),
  master: stringFlag({ group: cluster, help: 'Address of its API server; overrides that of the kubeconfig.' }),
  namespace: stringFlag({
    group: cluster,
    help: 'Only objects of this namespace are looked after. Empty: of all namespaces.',
  }),
  controllers: stringListFlag({
    default: [...controllerSets],
    group: cluster,
    help: 'Sets of controllers to run: packet (clusters and machines), generic (machine sets, deployments, Node links). Each has a Lease of its own.',
    validate: controllersProblem,
  }),
  concurrency: intFlag({
    default: 10,
    group: cluster,
    help: 'Objects of one kind that are worked on at the same time.',
    validate: atLeast(1),
  }),
  'metrics-addr': stringFlag({
    default: ':8080',
    group: serving,
    help: 'Where /metrics is served. 0 for nowhere.',
    validate: (text) => problemIn('metrics-addr', text),
  }),
  'health-addr': stringFlag({
    default: ':9440',
    group: serving,
    help: 'Where /healthz, /readyz and /livez are served. 0 for nowhere.',
    validate: (text) => problemIn('health-addr', text),
  }),
  ...electionFlags,
  'leader-elect-resource-name': stringFlag({
    default: LEASE_PREFIX,
    group: 'Leader election',
    help: 'Start of the names of the Leases; -packet and -generic follow.',
    validate: (name) => (name === '' ? 'must not be empty' : undefined),
  }),
  'leader-elect-resource-namespace': stringFlag({
    group: 'Leader election',
    help: 'Namespace of the Leases. Empty: cluster-api-provider-packet-system and cluster-api-system.',
  }),
  ...loggingFlags,
  ...klogFlags,
});

/** Their values. */
export type ManagerFlagValues = FlagValues<typeof managerFlags>;

/** Problems between flags. */
export function checkManagerFlags(values: ManagerFlagValues): readonly string[] {
  return checkLeaderFlags({ ...values, 'enable-leader-migration': false, 'leader-migration-config': '' });
}

function controllersProblem(list: readonly string[]): string | undefined {
  const unknown = list.filter((name) => !(controllerSets as readonly string[]).includes(name));
  if (list.length > 0 && unknown.length === 0) return undefined;
  return `names no set of controllers; allowed: ${controllerSets.join(', ')}`;
}

function problemIn(flag: string, text: string): string | undefined {
  const parsed = parseListenAddress(flag, text);
  return isProblem(parsed) ? parsed.problem : undefined;
}
