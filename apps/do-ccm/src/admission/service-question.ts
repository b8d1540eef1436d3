// What of a Service can be answered without asking DigitalOcean, and what has to be asked. Pure; called by service-validator.ts. A change
// that does not concern the balancer is never refused, even if the Service was wrong before: controllers and users must be able to label it.
import type { KubeService } from '@longshore/k8s-runtime';
import { parseCertificateId, parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { LoadBalancerId } from '@longshore/digitalocean-api';
import { readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { desiredBalancer, problemsOfService } from '../load-balancer/desired.ts';
import type { BalancerConfig } from '../load-balancer/placement.ts';
import { errorsAmong, serviceInvalid } from '../load-balancer/problems.ts';
import type { Backends } from '../load-balancer/targets.ts';
import { allow, deny } from './review.ts';
import type { ServiceReview, Verdict } from './review.ts';

/** What DigitalOcean is to be asked. */
export interface ServiceQuestion {
  /** With node ports, which the API server may not have given yet. */
  readonly service: KubeService;
  readonly settings: Settings;
  /** Of the Service before the change; absent when it had no balancer of ours. */
  readonly oldSettings: Settings | undefined;
  /** The balancer that would change; absent: one would be made. */
  readonly id: LoadBalancerId | undefined;
  /** The user has just written the ID: it may be wrong. */
  readonly isIdNew: boolean;
  readonly warnings: readonly string[];
}

/** An answer, or what has to be asked for it. */
export type Opening =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'ask'; readonly question: ServiceQuestion };

/** A balancer is checked without targets, as in the Go program: which nodes there are is not the Service's to say. */
export const NO_BACKENDS: Backends = {
  dropletIds: [],
  unreachable: [],
  unidentified: [],
  ipv4Only: [],
  hasDualStack: false,
};

/** Answers, or says what to ask. */
export function openReview({ service, old }: Pick<ServiceReview, 'service' | 'old'>, config: BalancerConfig): Opening {
  if (!service) return { kind: 'verdict', verdict: allow('allowing a request without an object') };
  const reason = reasonToIgnore(service);
  if (reason !== undefined) return { kind: 'verdict', verdict: allow(reason) };
  const now = viewOf(service, config);
  if (now.settings.disown === true) {
    return { kind: 'verdict', verdict: allow('allowing service as its load balancer is disowned') };
  }
  const before = old && ofOurs(viewOf(old, config));
  const verdict = verdictAlone(now, before);
  return verdict ? { kind: 'verdict', verdict } : { kind: 'ask', question: questionOf(now, before) };
}

function questionOf({ service, settings, warnings }: View, before: View | undefined): ServiceQuestion {
  const oldSettings = before?.settings;
  const oldId = oldSettings?.loadBalancerId;
  const id = settings.loadBalancerId ?? oldId;
  const balancer = { id: id === undefined ? undefined : parseLoadBalancerId(id), isIdNew: id !== oldId };
  return { service, settings, oldSettings, ...balancer, warnings };
}

function reasonToIgnore({ metadata, spec }: KubeService): string | undefined {
  if (spec?.type !== 'LoadBalancer') return 'allowing service as it is not a load balancer';
  if (metadata?.deletionTimestamp !== undefined) return 'allowing service as it is being deleted';
  if (spec.loadBalancerClass !== undefined) return 'allowing service as it has a load balancer class of its own';
  return undefined;
}

interface View {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly errors: readonly string[];
  readonly refusal: string;
  readonly warnings: readonly string[];
  /** All that the balancer would be, as text to compare. */
  readonly wanted: string;
}

function viewOf(given: KubeService, config: BalancerConfig): View {
  const service = withNodePorts(given);
  const { settings } = readSettings(service.metadata?.annotations);
  const problems = problemsOfService(service, config);
  const errors = errorsAmong(problems);
  const certificate = settings.certificateId ?? settings.certificateName;
  const certificateId = certificate === undefined ? undefined : parseCertificateId(certificate);
  const facts = { service, settings, config, backends: NO_BACKENDS, certificateId, found: undefined };
  return {
    service,
    settings,
    errors: errors.map(({ message }) => message),
    refusal: serviceInvalid(errors).message,
    warnings: problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message),
    wanted: JSON.stringify(desiredBalancer(facts).value),
  };
}

/** Before the change it may have been no balancer of ours: then everything about it is new. */
function ofOurs(view: View): View | undefined {
  return reasonToIgnore(view.service) === undefined && view.settings.disown !== true ? view : undefined;
}

function verdictAlone(now: View, before: View | undefined): Verdict | undefined {
  const isSame = before?.wanted === now.wanted && JSON.stringify(before.errors) === JSON.stringify(now.errors);
  if (isSame) return allow('new service has irrelevant changes', now.errors);
  return now.errors.length > 0 ? deny(now.refusal, now.warnings) : undefined;
}

// In a dry run of the API server, or before it has allocated them, node ports are missing; that they come is certain.
function withNodePorts(service: KubeService): KubeService {
  const { spec } = service;
  if (!spec?.ports || spec.allocateLoadBalancerNodePorts === false) return service;
  const ports = spec.ports.map((port, at) => ({ ...port, nodePort: port.nodePort || FIRST_NODE_PORT + at }));
  return { ...service, spec: { ...spec, ports } };
}

const FIRST_NODE_PORT = 30_000;
