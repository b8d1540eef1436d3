// Branded ids: a droplet's and a load balancer's cannot be swapped. They cost nothing at run time.

/** Number of a droplet, 1 or more. */
export type DropletId = number & { readonly __id: 'droplet' };
/** UUID of a load balancer. */
export type LoadBalancerId = string & { readonly __id: 'load-balancer' };
/** UUID of a certificate; changes with every renewal by Let's Encrypt. */
export type CertificateId = string & { readonly __id: 'certificate' };
/** UUID of a firewall. */
export type FirewallId = string & { readonly __id: 'firewall' };
/** UUID of a VPC. */
export type VpcId = string & { readonly __id: 'vpc' };
/** UUID of a project. */
export type ProjectId = string & { readonly __id: 'project' };

/** A number as droplet id; `undefined` for what can be none (0, negative, fractions, beyond exact integers). */
export function parseDropletId(value: number): DropletId | undefined {
  return Number.isSafeInteger(value) && value >= 1 ? (value as DropletId) : undefined;
}

/** A droplet id out of the API's own answer. */
export function parseDropletNumber(raw: unknown): DropletId {
  const id = typeof raw === 'number' ? parseDropletId(raw) : undefined;
  if (id === undefined) throw new Error(`${JSON.stringify(raw)} is not a droplet id`);
  return id;
}

/** A text as load balancer id. */
export function parseLoadBalancerId(value: string): LoadBalancerId {
  return value as LoadBalancerId;
}

/** A text as certificate id. */
export function parseCertificateId(value: string): CertificateId {
  return value as CertificateId;
}

/** A text as firewall id. */
export function parseFirewallId(value: string): FirewallId {
  return value as FirewallId;
}

/** A text as VPC id. */
export function parseVpcId(value: string): VpcId {
  return value as VpcId;
}

/** A text as project id. */
export function parseProjectId(value: string): ProjectId {
  return value as ProjectId;
}
