// How the balancer probes nodes. Default: kube-proxy's own health page, which says whether a node can take traffic (with
// externalTrafficPolicy: Local, whether it has a pod of the Service). Annotations replace that only with override-health-check.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { HealthCheck } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { doubtful, wrong } from './problems.ts';
import type { Decided } from './problems.ts';
import { nameOfService, portsOf } from './service-facts.ts';
import type { ServicePort } from './service-facts.ts';

const KUBE_PROXY_PORT = 10256;
const KUBE_PROXY_PATH = '/healthz';

/** The health check of a Service's balancer. */
export function desiredHealthCheck(service: KubeService, settings: Settings): Decided<HealthCheck> {
  const rhythm = checkRhythm(settings);
  if (settings.overrideHealthCheck) {
    const { value, problems } = ownCheck(service, settings);
    return { value: { ...value, ...rhythm }, problems };
  }
  // kube-proxy's page does not speak the PROXY protocol, even where the pods do.
  const value = { protocol: 'http', port: pagePort(service), path: KUBE_PROXY_PATH, ...rhythm, proxyProtocol: false };
  return { value, problems: ineffective(settings) };
}

/** How often, and how many answers count. */
export function checkRhythm(settings: Settings): Omit<HealthCheck, 'protocol' | 'port'> {
  return {
    checkIntervalSeconds: settings.healthCheckInterval ?? 3,
    responseTimeoutSeconds: settings.healthCheckTimeout ?? 5,
    unhealthyThreshold: settings.healthCheckUnhealthyThreshold ?? 3,
    healthyThreshold: settings.healthCheckHealthyThreshold ?? 5,
  };
}

function pagePort({ spec }: KubeService): number {
  const isLocal = spec?.externalTrafficPolicy === 'Local';
  return (isLocal ? spec.healthCheckNodePort : undefined) || KUBE_PROXY_PORT;
}

function ownCheck(service: KubeService, settings: Settings): Decided<HealthCheck> {
  const { healthCheckPath: path, healthCheckProtocol } = settings;
  const protocol = healthCheckProtocol ?? (path === undefined ? 'tcp' : 'http');
  const port = checkedPort(service, settings);
  const problems = [...port.problems, ...pathProblems(protocol, path)];
  const withPath = protocol === 'tcp' ? {} : { path: path ?? '/' };
  return { value: { protocol, port: port.value, ...withPath }, problems };
}

function checkedPort(service: KubeService, settings: Settings): Decided<number> {
  const ports = portsOf(service);
  const asked = settings.healthCheckPort;
  const found = asked === undefined ? ports.find(isTcp) : ports.find((port) => port.port === asked && isTcp(port));
  if (!found) return { value: 0, problems: [noSuchPort(service, ports, asked)] };
  if (found.nodePort > 0) return { value: found.nodePort, problems: [] };
  const message = `health check port ${found.port} of service ${nameOfService(service)} has no node port: remove spec.allocateLoadBalancerNodePorts: false`;
  return { value: 0, problems: [wrong('spec.allocateLoadBalancerNodePorts', message)] };
}

function noSuchPort(service: KubeService, ports: readonly ServicePort[], asked: number | undefined): Problem {
  const { key } = ANNOTATIONS.healthCheckPort;
  if (asked === undefined) {
    return wrong(
      ANNOTATIONS.overrideHealthCheck.key,
      `no health check port of protocol TCP found on service ${nameOfService(service)}`,
    );
  }
  const other = ports.find((port) => port.port === asked);
  const message = other
    ? `annotation ${key}: health check port: ${asked}, cannot be of protocol type ${other.protocol}, use a TCP port`
    : `annotation ${key}: specified health check port ${asked} does not exist on service ${nameOfService(service)}`;
  return wrong(key, message, String(asked));
}

function pathProblems(protocol: string, path: string | undefined): readonly Problem[] {
  if (protocol !== 'tcp' || path === undefined) return [];
  const { key } = ANNOTATIONS.healthCheckPath;
  return [doubtful(key, `annotation ${key} has no effect: a tcp check has no path`)];
}

function ineffective(settings: Settings): readonly Problem[] {
  const names = ['healthCheckPort', 'healthCheckPath', 'healthCheckProtocol'] as const;
  const keys = names.filter((name) => settings[name] !== undefined).map((name) => ANNOTATIONS[name].key);
  if (keys.length === 0) return [];
  const message = `${keys.join(', ')}: no effect without the annotation ${ANNOTATIONS.overrideHealthCheck.key}: true`;
  return [doubtful(ANNOTATIONS.overrideHealthCheck.key, message)];
}

function isTcp({ protocol }: ServicePort): boolean {
  return protocol === 'TCP';
}
