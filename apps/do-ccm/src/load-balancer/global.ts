// Balancers of type GLOBAL: HTTP for several regions, on ports 80 and 443, by domain. They have settings in place of forwarding rules, and
// regional balancers or nodes as targets. What no annotation says stays as it is on the balancer. Pure.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type {
  CertificateId,
  GlobalDomain,
  GlobalSettings,
  HealthCheck,
  LoadBalancer,
  LoadBalancerSpec,
} from '@longshore/digitalocean-api';
import type { DomainEntry } from '../annotation-values.ts';
import { ANNOTATIONS } from '../annotations.ts';
import type { AnnotationName, Settings } from '../annotations.ts';
import { checkRhythm } from './health-check.ts';
import { doubtful, wrong } from './problems.ts';
import type { Decided } from './problems.ts';
import { portsOf } from './service-facts.ts';

/** What a GLOBAL balancer has in place of rules. */
export type GlobalParts = Pick<
  LoadBalancerSpec,
  'forwardingRules' | 'healthCheck' | 'glbSettings' | 'domains' | 'targetLoadBalancerIds'
>;

/** All that they depend on; `certificateOf` takes an ID or a name. */
export interface GlobalInput {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly found: LoadBalancer | undefined;
  readonly certificateOf: (text: string) => CertificateId;
}

/** The parts of a GLOBAL balancer. */
export function desiredGlobal({ service, settings, found, certificateOf }: GlobalInput): Decided<GlobalParts> {
  const glbSettings = settingsOf(settings, found?.glbSettings ?? {});
  const domains = domainsOf(settings, certificateOf) ?? found?.domains;
  const targets = settings.globalTargetBalancers?.map(parseLoadBalancerId) ?? found?.targetLoadBalancerIds;
  return {
    value: {
      forwardingRules: [],
      healthCheck: healthCheckOf(settings, glbSettings),
      glbSettings,
      ...(domains === undefined ? {} : { domains }),
      ...(targets === undefined ? {} : { targetLoadBalancerIds: targets }),
    },
    problems: [...incompatible(settings), ...twiceNamed(settings), ...unservedPorts(service)],
  };
}

/** Annotations for GLOBAL balancers on one of another type: they have no effect. */
export function globalOnly(settings: Settings): readonly Problem[] {
  const keys = GLOBAL_ONLY.filter((name) => settings[name] !== undefined).map((name) => ANNOTATIONS[name].key);
  if (keys.length === 0) return [];
  const message = `${keys.join(', ')}: no effect, because the balancer is not of type GLOBAL (${ANNOTATIONS.type.key})`;
  return [doubtful(ANNOTATIONS.type.key, message)];
}

/** IDs and names of certificates that single ports and domains use. */
export function certificatesNamedIn({
  portCertificates,
  globalDomains,
  globalManagedDomains,
}: Settings): readonly string[] {
  const entries = [...(globalDomains ?? []), ...(globalManagedDomains ?? [])];
  const texts = [...(portCertificates?.values() ?? []), ...entries.map(({ certificate }) => certificate)];
  return [...new Set(texts.filter((text) => text !== undefined))];
}

const GLOBAL_ONLY: readonly AnnotationName[] = [
  'globalDomains',
  'globalManagedDomains',
  'globalTargetBalancers',
  'globalTargetProtocol',
  'globalTargetPort',
  'globalCdn',
  'globalRegionPriorities',
  'globalFailoverThreshold',
];
const INCOMPATIBLE: readonly AnnotationName[] = [
  'network',
  'networkStack',
  'ip',
  'subnetUuid',
  'protocol',
  'httpPorts',
  'tlsPorts',
  'http2Ports',
  'http3Port',
  'tlsPassthrough',
  'certificateId',
  'certificateName',
  'portCertificates',
  'targetProtocol',
  'sizeSlug',
  'sizeUnit',
  'stickyType',
  'proxyProtocol',
  'backendKeepalive',
  'healthCheckPort',
];
// What these annotations say is so anyway.
const HARMLESS = new Set<unknown>([undefined, false, 0, 'none', 'EXTERNAL']);
const HTTP_PORTS = new Set([80, 443]);

function settingsOf(settings: Settings, found: GlobalSettings): GlobalSettings {
  const { globalTargetProtocol, globalTargetPort, globalCdn, globalRegionPriorities, globalFailoverThreshold } =
    settings;
  const targetProtocol = globalTargetProtocol ?? found.targetProtocol ?? 'http';
  const keptPort = globalTargetProtocol === undefined ? found.targetPort : undefined;
  const usualPort = targetProtocol === 'http' ? 80 : 443;
  const targetPort = globalTargetPort === undefined ? (keptPort ?? usualPort) : Number(globalTargetPort);
  return {
    ...found,
    targetProtocol,
    targetPort,
    ...(globalCdn === undefined ? {} : { isCdnEnabled: globalCdn }),
    ...(globalRegionPriorities ? { regionPriorities: Object.fromEntries(globalRegionPriorities) } : {}),
    ...(globalFailoverThreshold === undefined ? {} : { failoverThreshold: globalFailoverThreshold }),
  };
}

function domainsOf(
  { globalDomains, globalManagedDomains }: Settings,
  certificateOf: GlobalInput['certificateOf'],
): readonly GlobalDomain[] | undefined {
  if (!globalDomains && !globalManagedDomains) return undefined;
  const toDomain =
    (isManaged: boolean) =>
    ({ name, certificate }: DomainEntry): GlobalDomain => ({
      name,
      isManaged,
      ...(certificate === undefined ? {} : { certificateId: certificateOf(certificate) }),
    });
  return [...(globalDomains ?? []).map(toDomain(false)), ...(globalManagedDomains ?? []).map(toDomain(true))];
}

// kube-proxy's page is not for the world: the port of the targets is looked at instead.
function healthCheckOf(settings: Settings, { targetPort = 80 }: GlobalSettings): HealthCheck {
  const { overrideHealthCheck, healthCheckProtocol, healthCheckPath: path } = settings;
  const rhythm = checkRhythm(settings);
  if (!overrideHealthCheck) return { protocol: 'tcp', port: targetPort, ...rhythm };
  const protocol = healthCheckProtocol ?? (path === undefined ? 'tcp' : 'http');
  return { protocol, port: targetPort, ...(protocol === 'tcp' ? {} : { path: path ?? '/' }), ...rhythm };
}

function incompatible(settings: Settings): readonly Problem[] {
  return INCOMPATIBLE.filter((name) => !HARMLESS.has(settings[name])).map((name) => {
    const { key } = ANNOTATIONS[name];
    return wrong(key, `annotation ${key} cannot be used with a balancer of type GLOBAL: remove it`);
  });
}

function twiceNamed({ globalDomains = [], globalManagedDomains = [] }: Settings): readonly Problem[] {
  const names = [...globalDomains, ...globalManagedDomains].map(({ name }) => name);
  const twice = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  const { key } = ANNOTATIONS.globalDomains;
  const also = ANNOTATIONS.globalManagedDomains.key;
  return twice.map((name) =>
    wrong(key, `annotation ${key}: domain ${name} stands twice (here and in ${also}): keep one`, name),
  );
}

function unservedPorts(service: KubeService): readonly Problem[] {
  const ports = portsOf(service).filter(({ port, protocol }) => protocol !== 'TCP' || !HTTP_PORTS.has(port));
  if (ports.length === 0) return [];
  const list = ports.map(({ port, protocol }) => `${protocol} ${port}`).join(', ');
  return [doubtful('spec.ports', `a balancer of type GLOBAL serves HTTP on ports 80 and 443 only, so not: ${list}`)];
}
