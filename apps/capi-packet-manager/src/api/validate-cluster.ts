// What must be right in a Cluster before anything is made for it. Pure; the Cluster controller (condition) and clusterctl (preflight) ask.
// All problems come at once: nobody wants to learn of three missing fields in three rounds.
import { overlaps, parseCidr } from './cidr.ts';
import type { Cidr } from './cidr.ts';
import type { Cluster } from './objects.ts';
import { describe, MAX_TAG_LENGTH, readClusterProviderSpec } from './packet-specs.ts';

/** The tag of a cluster's devices ends in its name. */
export const CLUSTER_TAG_PREFIX = 'cluster-api-provider-packet:cluster-id:';
/** So that the tag fits into what the API takes. Longer names are refused, never cut. */
export const MAX_CLUSTER_NAME_LENGTH = MAX_TAG_LENGTH - CLUSTER_TAG_PREFIX.length;

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Limits of kube-apiserver (range of Services) and kube-controller-manager (one /24 or /64 per Node). */
const PREFIX_LIMITS = {
  pods: { 4: { min: 1, max: 24 }, 6: { min: 1, max: 64 } },
  services: { 4: { min: 12, max: 28 }, 6: { min: 108, max: 124 } },
} as const;
type Network = keyof typeof PREFIX_LIMITS;

/** Everything that is wrong with the Cluster, its Packet spec included; empty when nothing is. */
export function clusterProblems(cluster: Cluster): readonly string[] {
  const at = describe('Cluster', cluster);
  const network = cluster.spec?.clusterNetwork;
  const pods = readBlocks('pods', network?.pods?.cidrBlocks);
  const services = readBlocks('services', network?.services?.cidrBlocks);
  const ours = [
    ...nameProblems(cluster.metadata?.name),
    ...domainProblems(network?.serviceDomain),
    ...pods.problems,
    ...services.problems,
    ...overlapProblems(pods.blocks, services.blocks),
  ];
  return [...ours.map((problem) => `${at}: ${problem}`), ...(readClusterProviderSpec(cluster).problems ?? [])];
}

/** What works but may surprise: Packet gives its private addresses from 10.0.0.0/8. */
export function clusterWarnings(cluster: Cluster): readonly string[] {
  const network = cluster.spec?.clusterNetwork;
  const packetPrivate = parseCidr('10.0.0.0/8') as Cidr;
  return (['pods', 'services'] as const).flatMap((name) =>
    readBlocks(name, network?.[name]?.cidrBlocks)
      .blocks.filter((block) => overlaps(block, packetPrivate))
      .map(
        (block) =>
          `${describe('Cluster', cluster)}: spec.clusterNetwork.${name}.cidrBlocks: ${block.text} lies in 10.0.0.0/8, from which Packet gives private addresses to devices: take another block, such as 172.26.0.0/16`,
      ),
  );
}

function nameProblems(name: string | undefined): readonly string[] {
  if (name === undefined || name === '') return ['metadata.name is missing'];
  if (name.length > MAX_CLUSTER_NAME_LENGTH) {
    return [
      `metadata.name has ${name.length} characters: at most ${MAX_CLUSTER_NAME_LENGTH}, because a tag of a Packet device (at most ${MAX_TAG_LENGTH} characters) ends in it`,
    ];
  }
  return [];
}

function domainProblems(domain: string | undefined): readonly string[] {
  const field = 'spec.clusterNetwork.serviceDomain';
  if (domain === undefined || domain === '') return [`${field} is missing: give a DNS domain, such as cluster.local`];
  const isDomain = domain.length <= 253 && domain.split('.').every((label) => DNS_LABEL.test(label));
  return isDomain ? [] : [`${field} ${JSON.stringify(domain)} is no DNS domain in lower case, such as cluster.local`];
}

interface Blocks {
  readonly blocks: readonly Cidr[];
  readonly problems: readonly string[];
}

function readBlocks(network: Network, texts: readonly string[] | undefined): Blocks {
  const field = `spec.clusterNetwork.${network}.cidrBlocks`;
  if (texts === undefined || texts.length === 0) {
    return { blocks: [], problems: [`${field} is missing: give at least one block, such as ${EXAMPLE[network]}`] };
  }
  const blocks: Cidr[] = [];
  const problems: string[] = [];
  for (const text of texts) {
    const block = parseCidr(text);
    const problem = block === undefined ? `${JSON.stringify(text)} is no CIDR block` : sizeProblem(network, block);
    if (block !== undefined) blocks.push(block);
    if (problem !== undefined) problems.push(`${field}: ${problem}`);
  }
  if (new Set(blocks.map((block) => block.family)).size < blocks.length) {
    problems.push(
      `${field} has several blocks of one address family: kubeadm takes at most one of IPv4 and one of IPv6`,
    );
  }
  return { blocks, problems };
}

const EXAMPLE = { pods: '172.26.0.0/16', services: '172.25.0.0/16' } as const;

function sizeProblem(network: Network, block: Cidr): string | undefined {
  const { min, max } = PREFIX_LIMITS[network][block.family];
  if (block.prefixLength >= min && block.prefixLength <= max) return undefined;
  return `${block.text} must have a prefix length from ${min} to ${max}`;
}

function overlapProblems(pods: readonly Cidr[], services: readonly Cidr[]): readonly string[] {
  return pods.flatMap((pod) =>
    services
      .filter((service) => overlaps(pod, service))
      .map((service) => `spec.clusterNetwork: pods ${pod.text} and services ${service.text} overlap`),
  );
}
