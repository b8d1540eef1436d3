// The settings of the control plane to its loops. Called once at the start, by provider.ts; nothing is asked before `start`, which only a
// leader gets to.
import type { ClusterView, Instances, OtherPlan, ProviderContext } from '@longshore/cloud-provider';
import type { NeededRight } from '@longshore/k8s-runtime';
import type { PacketApi } from '@longshore/packet-api';
import type { Config } from '../config.ts';
import { ClusterCa } from './cluster-ca.ts';
import { ControlPlaneEip } from './control-plane-eip.ts';
import { CONTROL_PLANE_SERVICE } from './control-plane-service.ts';
import { ExternalService } from './external-service-loop.ts';
import type { OutsideWay } from './external-service.ts';
import { httpsProbe } from './probe.ts';
import type { Probe } from './probe.ts';

/** What the control plane's part is made from. */
export interface ControlPlaneParts {
  readonly config: Pick<Config, 'controlPlane' | 'projectId' | 'backend'>;
  readonly api: Pick<PacketApi, 'reservations' | 'assignments'>;
  readonly instances: Pick<Instances, 'lookup'>;
  /** For tests. */
  readonly probe?: Probe | undefined;
}

/** The control plane's part of the program. */
export interface ControlPlane {
  readonly rights: readonly NeededRight[];
  start(context: ProviderContext): void;
  plans(cluster: ClusterView, signal: AbortSignal): Promise<readonly OtherPlan[]>;
}

const { namespace } = CONTROL_PLANE_SERVICE;
const neededFor = 'the Service of the control plane’s outside address';

/** What it needs in the cluster beyond reading Nodes and Services. */
export const CONTROL_PLANE_RIGHTS: readonly NeededRight[] = [
  ...['get', 'create', 'patch'].map((verb) => ({ group: '', resource: 'services', verb, namespace, neededFor })),
  { group: '', resource: 'services', subresource: 'status', verb: 'patch', namespace, neededFor },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verb: 'list', namespace: 'default', neededFor },
  ...['list', 'create', 'patch', 'delete'].map((verb) => ({
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    verb,
    namespace,
    neededFor,
  })),
  ...['get', 'delete'].map((verb) => ({
    group: '',
    resource: 'endpoints',
    name: CONTROL_PLANE_SERVICE.name,
    verb,
    namespace,
    neededFor: 'removing the Endpoints that the Go program has left',
  })),
  {
    group: '',
    resource: 'configmaps',
    name: 'kube-root-ca.crt',
    verb: 'get',
    namespace,
    neededFor: 'checking the certificates of API servers outside of pods',
  },
];

interface Loops {
  readonly eip: ControlPlaneEip | undefined;
  readonly service: ExternalService;
}

/** The control plane's part; `undefined` without `METAL_EIP_TAG` and `METAL_LOAD_BALANCER_ID`. */
export function createControlPlane(parts: ControlPlaneParts): ControlPlane | undefined {
  const { eipTag, loadBalancerId } = parts.config.controlPlane;
  if (eipTag === undefined && loadBalancerId === undefined) return undefined;
  let loops: Loops | undefined;
  return {
    rights: CONTROL_PLANE_RIGHTS,
    start(context) {
      loops = makeLoops(parts, context);
      const { eip, service } = loops;
      const look = (): ClusterView => ({ nodes: context.nodes.list(), services: context.services.list() });
      if (eip) context.keepRunning(eip.loop(look, context.nodeChanges));
      context.keepRunning(service.loop(look, context.serviceChanges));
    },
    async plans(cluster, signal) {
      if (loops === undefined) return [];
      const { eip, service } = loops;
      return [...(eip ? [await eip.plan(cluster, signal)] : []), await service.plan(cluster, signal)];
    },
  };
}

function makeLoops(parts: ControlPlaneParts, context: ProviderContext): Loops {
  const { config } = parts;
  const { client, clock, log, metrics } = context;
  const { apiServerPort } = config.controlPlane;
  const eip = makeEip(parts, context);
  const way = wayOf(config, eip);
  const isKubeVip = config.backend.kind === 'kube-vip';
  return { eip, service: new ExternalService({ way, client, apiServerPort, isKubeVip, clock, log, metrics }) };
}

// With both settings the elastic IP wins, as in the Go program: it is the address that everybody has.
function wayOf(
  { controlPlane }: ControlPlaneParts['config'],
  eip: ControlPlaneEip | undefined,
): (signal: AbortSignal) => Promise<OutsideWay> {
  if (eip) return async (signal) => ({ kind: 'elastic-ip', address: await eip.address(signal) });
  const { loadBalancerId: id = '' } = controlPlane;
  return () => Promise.resolve({ kind: 'balancer', id });
}

function makeEip(
  { config, api, instances, probe }: ControlPlaneParts,
  context: ProviderContext,
): ControlPlaneEip | undefined {
  const { controlPlane: settings, projectId } = config;
  const { client, clock, log, metrics, events } = context;
  const { eipTag: tag } = settings;
  if (tag === undefined) return undefined;
  const authority = new ClusterCa({ client, clock, log });
  const ca = (signal: AbortSignal): Promise<string | undefined> =>
    settings.skipsVerification ? Promise.resolve(undefined) : authority.pem(signal);
  const { reservations, assignments } = api;
  const cloud = { tag, projectId, reservations, assignments, instances };
  return new ControlPlaneEip({
    ...cloud,
    probe: probe ?? httpsProbe(clock),
    ca,
    settings,
    events,
    clock,
    log,
    metrics,
  });
}
