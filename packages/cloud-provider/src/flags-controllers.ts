// Flags of the controllers (spec §6.1): which run, how wide, how often. Names of upstream; the last group is ours.
import {
  atLeast,
  boolFlag,
  defineFlags,
  durationFlag,
  intFlag,
  mapFlag,
  repeatedFlag,
  stringListFlag,
} from '@longshore/k8s-runtime/process';
import { nodeNameMapProblem } from './node-name-map.ts';
import { controllerNamesHelp, parseControllers } from './wiring-controllers.ts';

const group = 'Controllers';
const own = 'Longshore';

/** `--controllers`, `--concurrent-*`, periods, gates. */
export const controllerFlags = defineFlags({
  controllers: stringListFlag({
    default: ['*'],
    group,
    help: `A list of controllers to enable. '*' enables all on-by-default controllers, 'foo' enables the controller named 'foo', '-foo' disables it. ${controllerNamesHelp()}`,
    validate: (list) => {
      const parsed = parseControllers(list);
      return 'problem' in parsed ? parsed.problem : undefined;
    },
  }),
  'controller-start-interval': durationFlag({
    default: '0s',
    group,
    help: 'Interval between starting controller managers.',
    validate: atLeast(0),
  }),
  'concurrent-node-syncs': intFlag({
    default: 20,
    group,
    help: 'The number of Nodes that are initialized at the same time.',
    validate: atLeast(1),
  }),
  'concurrent-node-status-updates': intFlag({
    default: 0,
    group,
    help: 'The number of Nodes whose addresses are updated at the same time. 0: as many as --concurrent-node-syncs.',
  }),
  'concurrent-service-syncs': intFlag({
    default: 5,
    group,
    help: 'The number of Services that are synced at the same time. Larger number = more responsive service management, but more calls to the cloud at once.',
    validate: atLeast(1),
  }),
  'node-status-update-frequency': durationFlag({
    default: '5m',
    group,
    help: "How often the addresses of Nodes are compared with the cloud's.",
    validate: atLeast(1),
  }),
  'node-monitor-period': durationFlag({
    default: '5s',
    group,
    help: 'The period of looking at Nodes that are not ready.',
    validate: atLeast(1),
  }),
  'node-sync-period': durationFlag({
    default: '0s',
    group,
    help: 'The period for syncing nodes from cloudprovider.',
    withoutEffect: 'Nodes are registered by kubelet',
  }),
  'route-reconciliation-period': durationFlag({
    default: '10s',
    group,
    help: 'The period for reconciling routes created for Nodes by cloud provider.',
    validate: atLeast(1),
  }),
  'feature-gates': mapFlag({
    group,
    help: 'A set of key=value pairs. CloudControllerManagerWatchBasedRoutesReconciliation=true reconciles routes on changes instead of periodically; others have no effect.',
    validate: (gates) => {
      const wrong = Object.entries(gates).find(([, value]) => !/^(1|0|t|f|true|false)$/i.test(value));
      return wrong ? `has ${wrong[0]}=${wrong[1]}, which is neither true nor false` : undefined;
    },
  }),
});

/** What the Go programs do not have. */
export const ownFlags = defineFlags({
  'load-balancer-sync-period': durationFlag({
    default: '10m',
    group: own,
    help: 'How often every load balancer is compared with its Service, so that changes made by other hands in the cloud are put right. 0s: never.',
    validate: atLeast(0),
  }),
  'drain-nodes-before-scale-down': boolFlag({
    default: true,
    group: own,
    help: 'Take a Node out of load balancers as soon as the cluster autoscaler marks it for removal (taint ToBeDeletedByClusterAutoscaler). false: with the next change, as upstream.',
  }),
  'node-deletion-grace-period': durationFlag({
    default: '2m',
    group: own,
    help: 'A Node younger than this that is not initialized yet is never removed, whatever the cloud says of its machine.',
    validate: atLeast(0),
  }),
  'refresh-node-labels': boolFlag({
    default: false,
    group: own,
    help: "Keep the labels of zone, region and instance type, and the provider's own, as the cloud tells them. false: they are set at initialization only, as upstream.",
  }),
  'node-name-map': repeatedFlag({
    group: own,
    help: "Which machine a Node without provider ID is, where the machine's name is not the Node's: node-a=machine-a,node-b=12345 (a name or an ID of the cloud), or @FILE with such entries, one on each line. May be given several times; files are read at the start.",
    validate: nodeNameMapProblem,
  }),
  'dry-run': boolFlag({
    default: false,
    group: own,
    help: 'Run the controllers and log what they would do; write nothing, neither to the cloud nor to the cluster, and take no part in the leader election.',
  }),
  simulate: boolFlag({
    default: false,
    group: own,
    help: 'Start a simulated cloud inside this process and use it instead of the real one (needs the package @longshore/cloud-simulators).',
  }),
});
