// Service, nodes and settings of the program to the balancer that shall be. Composes the deciders of this folder, each of which has a
// file of its own. Pure; what has to be asked from the cloud first (certificates, droplets of nodes) comes in as a value.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseCertificateId } from '@longshore/digitalocean-api';
import type { CertificateId, LoadBalancer, LoadBalancerSpec } from '@longshore/digitalocean-api';
import { readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { desiredFirewall } from './firewall-rules.ts';
import { desiredHealthCheck } from './health-check.ts';
import { networkStackOf, networkStackProblems, reachOf } from './placement.ts';
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
  readonly found: LoadBalancer | undefined;
}

/** The whole balancer, as a POST would ask for it. */
export function desiredBalancer(input: DesiredInput): Decided<LoadBalancerSpec> {
  const { service, settings, config, backends, found } = input;
  const reach = reachOf(settings, config, found);
  const parts = mutableParts(service, settings, reach, input.certificateId);
  const { size, ...spec } = parts.value;
  return {
    value: {
      name: nameOf(service, settings),
      region: config.region,
      ...reach,
      networkStack: networkStackOf(settings, reach, backends, found),
      ...(config.vpcId === undefined ? {} : { vpcId: config.vpcId }),
      ...(settings.subnetUuid === undefined ? {} : { subnetId: settings.subnetUuid }),
      ...(settings.ip === undefined ? {} : { ip: settings.ip }),
      ...(config.clusterTag === undefined ? {} : { tags: [config.clusterTag] }),
      ...spec,
      ...size,
      dropletIds: backends.dropletIds,
    },
    problems: [...parts.problems, ...(found ? [] : networkStackProblems(settings, reach, backends))],
  };
}

/** Everything that can be said to be wrong with a Service without asking anybody. */
export function problemsOfService(
  service: KubeService,
  config: Pick<BalancerConfig, 'defaultType'>,
): readonly Problem[] {
  const { settings, problems } = readSettings(service.metadata?.annotations);
  if (settings.disown === true) return problems;
  const reach = reachOf(settings, config);
  const certificate = settings.certificateId ?? settings.certificateName;
  const certificateId = certificate === undefined ? undefined : parseCertificateId(certificate);
  const parts = mutableParts(service, settings, reach, certificateId);
  return [...problems, ...parts.problems, ...networkStackProblems(settings, reach)];
}

function mutableParts(
  service: KubeService,
  settings: Settings,
  reach: Reach,
  certificateId: CertificateId | undefined,
): Decided<Pick<LoadBalancerSpec, 'forwardingRules' | 'healthCheck'> & { readonly size: object }> {
  const rules = desiredRules({ service, settings, type: reach.type, certificateId });
  const healthCheck = desiredHealthCheck(service, settings);
  const stickySessions = desiredStickySessions(settings);
  const firewall = desiredFirewall(service, settings);
  const size = desiredSize(settings);
  const value = {
    forwardingRules: rules.value,
    healthCheck: healthCheck.value,
    stickySessions: stickySessions.value,
    firewall: firewall.value,
    size: size.value,
    algorithm: settings.algorithm ?? 'round_robin',
    redirectHttpToHttps: settings.redirectHttpToHttps ?? false,
    enableProxyProtocol: settings.proxyProtocol ?? false,
    enableBackendKeepalive: settings.backendKeepalive ?? false,
    disableLetsEncryptDnsRecords: settings.disableLetsEncryptDns ?? false,
    httpIdleTimeoutSeconds: settings.httpIdleTimeout ?? DEFAULT_IDLE_TIMEOUT_SECONDS,
  };
  const problems = [rules, healthCheck, stickySessions, firewall, size].flatMap((part) => part.problems);
  return { value, problems };
}

/** What the API takes without a value. */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 60;
