// Whether a project may announce addresses, and by which ASN and password: what is found there wins over the settings. Pure; project-bgp.ts
// asks and applies.
import { OperatorError, retryAfter } from '@longshore/reconciler-core';
import type { BgpConfig, BgpWish, ProjectId } from '@longshore/packet-api';

/** BGP of a project that is on. */
export interface ProjectBgp {
  readonly asn: number;
  /** Never to be shown. */
  readonly password: string | undefined;
  /** Announcing more drops the peerings; `undefined` where the API does not say. */
  readonly maxPrefixes: number | undefined;
}

/** What the settings say for a project that has none. */
export interface BgpSettings {
  readonly localAsn: number;
  readonly peerAsn: number;
  /** Never to be shown; '' is none. */
  readonly password: string;
}

/** What to do about a project's BGP. */
export type ProjectPlan =
  | { readonly kind: 'adopt'; readonly bgp: ProjectBgp }
  | { readonly kind: 'enable'; readonly wish: BgpWish }
  /** Asked for, not granted yet: sessions would be refused. */
  | { readonly kind: 'wait' };

/** Adopts what is on, switches on what is not. */
export function planProjectBgp(found: BgpConfig | undefined, settings: BgpSettings): ProjectPlan {
  const status = found?.status?.toLowerCase();
  if (found === undefined || status === 'disabled') return { kind: 'enable', wish: wishOf(settings) };
  if (status === 'requested') return { kind: 'wait' };
  const { asn = settings.localAsn, md5, maxPrefix } = found;
  // A project without a password has routers without one: the setting's would break the sessions.
  return { kind: 'adopt', bgp: { asn, password: md5 === '' ? undefined : md5, maxPrefixes: maxPrefix } };
}

function wishOf({ localAsn, password }: BgpSettings): BgpWish {
  return {
    deploymentType: 'local',
    asn: localAsn,
    ...(password === '' ? {} : { md5: password }),
    useCase: 'kubernetes-load-balancer',
  };
}

const APPROVAL_CHECK_MS = 300_000;

/** BGP that is asked for and not granted. */
export function notApproved(projectId: ProjectId): OperatorError {
  const message = `BGP of project ${projectId} is requested but not enabled yet: addresses cannot be announced before it is; ask the support of the cloud`;
  return new OperatorError('BGP_NOT_APPROVED', message, retryAfter(APPROVAL_CHECK_MS));
}
