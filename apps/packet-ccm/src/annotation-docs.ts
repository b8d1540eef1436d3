// The page docs/annotations/packet.md: annotations of Services from annotations.ts, those of Nodes from the table of settings that names
// their keys. Pure; print-annotations.ts writes the page, a spec compares it.
import { ANNOTATIONS } from './annotations.ts';
import type { Annotation } from './annotations.ts';
import { SETTINGS } from './config-table.ts';
import type { SettingName } from './config-table.ts';
import { EMLB_ANNOTATIONS } from './load-balancer/emlb/desired.ts';

const INTRODUCTION = `# Annotations of packet-ccm

<!-- Written by apps/packet-ccm/src/print-annotations.ts from apps/packet-ccm/src/annotations.ts: change the table there, not here. -->

## On Services with an elastic IP

Put these on a Service of type LoadBalancer. They count for all back ends that announce by BGP: \`empty://\`, \`kube-vip://\` and \`metallb:///…\`.

- A value that is not allowed is told by an event on the Service, which is left as it is; it never silently becomes the default.
  \`packet-ccm explain service NAMESPACE/NAME\` shows what is wrong and what would be done.
- An address stays with its Service: a change of place or kind counts for the next address only, and an event says so.
- *Addition*: the Go program does not know this annotation and ignores it.
- A key that begins with \`metal.equinix.com/eip-\` and is none of these is told by an event.

| Annotation | Values | Without it | Meaning |
| --- | --- | --- | --- |`;

const OF_EMLB = `
## On Services of the Equinix Metal Load Balancer

Written by the program with the back end \`emlb:///…\`, as the Go program did. Leave them alone: they are how a Service finds its balancer again.

| Annotation | Meaning |
| --- | --- |`;

const OF_NODES = `
## On Nodes

Written by the program on each Node that announces addresses, for the programs that do the announcing (kube-vip reads them). \`{{n}}\` is the
number of the BGP peer, from 0, peers in the order of their addresses as text. What is there is kept up to date; what is left over goes.

| Annotation | Setting that renames it | Meaning |
| --- | --- | --- |`;

const OF_METALLB = `
## Of others

| Annotation | On | Meaning |
| --- | --- | --- |`;

const EMLB_MEANINGS: Readonly<Record<keyof typeof EMLB_ANNOTATIONS, string>> = {
  id: 'UUID of the balancer of the Service.',
  metro: 'Metro that the balancer is in.',
};

const NODE_ANNOTATIONS: readonly (readonly [SettingName & `annotation${string}`, string])[] = [
  ['annotationLocalAsn', 'ASN of the Node.'],
  ['annotationPeerAsn', 'ASN of the peer.'],
  ['annotationPeerIp', 'Address of the peer.'],
  ['annotationSourceIp', 'Private address of the Node, which the session comes from.'],
  ['annotationBgpPassword', 'Password of the session in base64; absent without one.'],
  ['annotationPrivateNetwork', 'Private network of the Node, in CIDR notation.'],
];

const OTHERS: readonly (readonly [string, string, string])[] = [
  [
    'alpha.kubernetes.io/provided-node-ip',
    'Nodes',
    'Written by kubelet (`--node-ip`); its addresses come first among the internal ones.',
  ],
  [
    'metallb.universe.tf/allow-shared-ip',
    'Services',
    'MetalLB’s own: Services that share an address need the same value here.',
  ],
  [
    'metallb.universe.tf/address-pool',
    'the Service of the control plane',
    'Written as `disabled-metallb-do-not-use-any-address-pool`, so that MetalLB leaves the control plane’s address alone.',
  ],
  [
    'nomatch.metal.equinix.com/service-namespace, nomatch.metal.equinix.com/service-name',
    'BGP peers of MetalLB',
    'No annotations but node selectors that match nothing: they note which Services use a peer.',
  ],
];

/** The page. */
export function annotationsPage(): string {
  const ofServices = Object.values<Annotation<unknown>>(ANNOTATIONS).map(rowOf);
  const ofEmlb = (Object.keys(EMLB_ANNOTATIONS) as (keyof typeof EMLB_ANNOTATIONS)[]).map((name) =>
    cells(`\`${EMLB_ANNOTATIONS[name]}\``, EMLB_MEANINGS[name]),
  );
  const ofNodes = NODE_ANNOTATIONS.map(([name, meaning]) =>
    cells(`\`${SETTINGS[name].byDefault}\``, `\`${SETTINGS[name].env[0]}\``, meaning),
  );
  const others = OTHERS.map(([keys, on, meaning]) => cells(codes(keys), on, meaning));
  const lines = [INTRODUCTION, ...ofServices, OF_EMLB, ...ofEmlb, OF_NODES, ...ofNodes, OF_METALLB, ...others];
  return `${lines.join('\n')}\n`;
}

function rowOf({ key, kind, fallback, doc, isAddition, renamedBy }: Annotation<unknown>): string {
  const renamed = renamedBy === undefined ? '' : ` \`${RENAMED[renamedBy]}\` gives it another name.`;
  return cells(`\`${key}\``, kind.values, fallback, `${isAddition === true ? '*Addition.* ' : ''}${doc}${renamed}`);
}

const RENAMED = { eipMetro: 'METAL_ANNOTATION_EIP_METRO', eipFacility: 'METAL_ANNOTATION_EIP_FACILITY' } as const;

function cells(...texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

function codes(keys: string): string {
  return keys
    .split(', ')
    .map((key) => `\`${key}\``)
    .join(', ');
}
