// Service, nodes and settings of the program to the balancer that shall be. Composes the deciders of this folder, each of which has a
// file of its own. Pure; what has to be asked from the cloud first (certificates, droplets of nodes) comes in as a value.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseCertificateId, parseProjectId } from '@longshore/digitalocean-api';
import type { CertificateId, LoadBalancer, LoadBalancerSpec } from '@longshore/digitalocean-api';
import { readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { unknownAnnotations } from '../unknown-annotations.ts';
import { desiredFirewall } from './firewall-rules.ts';
import { desiredGlobal, globalOnly } from './global.ts';
import type { GlobalParts } from './global.ts';
import { desiredHealthCheck } from './health-check.ts';
import { addressProblems, networkStackOf, networkStackProblems, reachOf } from './placement.ts';
import type { BalancerConfig } from './placement.ts';
import { desiredRules } from './rules.ts';
import { nameOf } from './ownership.ts';
import { desiredSize } from './size.ts';
import { desiredStickySessions } from './sticky-sessions.ts';
import type { Backends, Reach } from './targets.ts';
import type { Decided } from './problems.ts';

/** All that the balancer depends on. */
export interface DesiredInput {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly config: BalancerConfig;
  readonly backends: Backends;
  readonly certificateId: CertificateId | undefined;
  /** IDs of the certificates that single ports and domains name, by ID or name; absent: the annotations have IDs. */
  readonly certificateIds?: ReadonlyMap<string, CertificateId> | undefined;
  readonly found: LoadBalancer | undefined;
}

/** The whole balancer, as a POST would ask for it. */
export function desiredBalancer(input: DesiredInput): Decided<LoadBalancerSpec> {
  const { service, settings, config, backends, found } = input;
  const reach = reachOf(settings, config, found);
  const parts = partsOf(input, reach);
  // Balancers as targets leave no room for nodes.
  const hasBalancers = (parts.value.targetLoadBalancerIds ?? []).length > 0;
  return {
    value: {
      name: nameOf(service, settings),
      ...(reach.type === 'GLOBAL' ? { type: reach.type } : placeOf(input, reach)),
      ...(config.clusterTag === undefined ? {} : { tags: [config.clusterTag] }),
      ...keptUnlessAsked(settings, found),
      ...parts.value,
      dropletIds: hasBalancers ? [] : backends.dropletIds,
    },
    problems: [...parts.problems, ...(found ? [] : networkStackProblems(settings, reach, backends))],
  };
}

/** Everything that can be said to be wrong with a Service without asking anybody. */
export function problemsOfService(
  service: KubeService,
  config: Pick<BalancerConfig, 'defaultType'>,
): readonly Problem[] {
  const { annotations } = service.metadata ?? {};
  const { settings, problems } = readSettings(annotations);
  if (settings.disown === true) return problems;
  const reach = reachOf(settings, config);
  const certificate = settings.certificateId ?? settings.certificateName;
  const certificateId = certificate === undefined ? undefined : parseCertificateId(certificate);
  const parts = partsOf({ service, settings, certificateId, found: undefined }, reach);
  const place = [...networkStackProblems(settings, reach), ...addressProblems(settings, reach)];
  return [...problems, ...parts.problems, ...place, ...unknownAnnotations(annotations)];
}

function keptUnlessAsked({ projectId, tlsCipherPolicy }: Settings, found?: LoadBalancer): Partial<LoadBalancerSpec> {
  const policy = tlsCipherPolicy ?? found?.tlsCipherPolicy;
  return {
    ...(projectId === undefined ? {} : { projectId: parseProjectId(projectId) }),
    ...(policy === undefined ? {} : { tlsCipherPolicy: policy }),
  };
}

function placeOf({ settings, config, backends, found }: DesiredInput, reach: Reach): Partial<LoadBalancerSpec> {
  return {
    region: config.region,
    ...reach,
    networkStack: networkStackOf(settings, reach, backends, found),
    ...(config.vpcId === undefined ? {} : { vpcId: config.vpcId }),
    ...(settings.subnetUuid === undefined ? {} : { subnetId: settings.subnetUuid }),
    ...(settings.ip === undefined ? {} : { ip: settings.ip }),
  };
}

type PartsInput = Omit<DesiredInput, 'config' | 'backends'>;
type Parts = GlobalParts & Omit<LoadBalancerSpec, 'name'>;

function partsOf(input: PartsInput, reach: Reach): Decided<Parts> {
  const { service, settings } = input;
  const own = reach.type === 'GLOBAL' ? globalParts(input) : regionalParts(input, reach);
  const firewall = desiredFirewall(service, settings);
  const value = {
    ...own.value,
    firewall: firewall.value,
    algorithm: settings.algorithm ?? 'round_robin',
    redirectHttpToHttps: settings.redirectHttpToHttps ?? false,
    enableProxyProtocol: settings.proxyProtocol ?? false,
    enableBackendKeepalive: settings.backendKeepalive ?? false,
    disableLetsEncryptDnsRecords: settings.disableLetsEncryptDns ?? false,
    httpIdleTimeoutSeconds: settings.httpIdleTimeout ?? DEFAULT_IDLE_TIMEOUT_SECONDS,
  };
  return { value, problems: [...own.problems, ...firewall.problems] };
}

function globalParts(input: PartsInput): Decided<GlobalParts & Partial<LoadBalancerSpec>> {
  const { value, problems } = desiredGlobal({ ...input, certificateOf: certificateFinder(input) });
  const { sizeUnit } = input.found ?? {};
  const size = sizeUnit === undefined ? {} : { sizeUnit };
  return { value: { ...value, ...size, stickySessions: { type: 'none' } }, problems };
}

function regionalParts(input: PartsInput, { type }: Reach): Decided<GlobalParts & Partial<LoadBalancerSpec>> {
  const { service, settings, certificateId } = input;
  const find = certificateFinder(input);
  const named = [...(settings.portCertificates ?? [])].map(([port, text]) => [port, find(text)] as const);
  const rules = desiredRules({ service, settings, type, certificateId, portCertificates: new Map(named) });
  const healthCheck = desiredHealthCheck(service, settings);
  const stickySessions = desiredStickySessions(settings);
  const size = desiredSize(settings);
  const value = {
    forwardingRules: rules.value,
    healthCheck: healthCheck.value,
    stickySessions: stickySessions.value,
    ...size.value,
  };
  const problems = [rules, healthCheck, stickySessions, size].flatMap((part) => part.problems);
  return { value, problems: [...problems, ...globalOnly(settings)] };
}

function certificateFinder({ certificateIds }: PartsInput): (text: string) => CertificateId {
  return (text) => certificateIds?.get(text) ?? parseCertificateId(text);
}

/** What the API takes without a value. */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 60;
