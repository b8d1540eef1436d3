// The text of MetalLB's ConfigMap, read and edited in place: what is not ours keeps its values, its order and its comments. Pure. Loaded
// only with this back end, because the YAML library is big; a static import keeps its named exports in bundles.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import { isMap, isSeq, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Document } from 'yaml';
import { isMarker, markersOf, nodeSelector, nodesIn, servicesIn } from './markers.ts';
import type { MatchLabels } from './markers.ts';
import { servicesOfPool } from './config-map-pools.ts';
import type { FoundPool, Pool, PoolStep } from './config-map-pools.ts';
import { haveSameFields } from './peers-plan.ts';
import type { FoundPeer, PeerFields, PeerStep } from './peers-plan.ts';

/** A peer of ours and where it stands. */
export interface TextPeer extends FoundPeer {
  readonly position: number;
}

/** The configuration of MetalLB as far as it matters here. */
export interface ConfigSettings {
  readonly peers: readonly TextPeer[];
  readonly pools: readonly FoundPool[];
}

/** What changes of it. */
export interface ConfigSteps {
  readonly peers: readonly PeerStep<TextPeer>[];
  readonly pools: readonly PoolStep[];
}

const PEERS = 'peers';
const POOLS = 'address-pools';
const SELECTORS = 'node-selectors';
const LABELS = 'match-labels';
const BGP_PORT = 179;

/** Router of a Node: the identity of a peer in this form, which has no names. */
export function textIdentity(nodeName: string, peerAddress: string): string {
  return `${nodeName} ${peerAddress}`;
}

/** Reads the text; throws what a user can understand, without any of the text (it has passwords in it). */
export function parseConfigText(text: string, where: string): Document {
  const document = parseDocument(text, { keepSourceTokens: false });
  const [problem] = document.errors;
  const { contents } = document;
  if (problem) throw invalid(where, `is no YAML at line ${problem.linePos?.[0].line ?? '?'}`);
  if (contents !== null && !isMap(contents) && !isNothing(contents)) throw invalid(where, 'is not a map of settings');
  const lists = [PEERS, POOLS].map((key) => [key, document.get(key)] as const);
  const odd = isMap(contents) ? lists.find(([, list]) => !isSeq(list) && !isNothing(list)) : undefined;
  if (odd) throw invalid(where, `has something else than a list under "${odd[0]}"`);
  return document;
}

/** What stands in it now. */
export function settingsOf(document: Document): ConfigSettings {
  const peers = itemsOf(document, PEERS).map(toPeer);
  const pools = itemsOf(document, POOLS).map(toPool);
  return {
    peers: peers.filter((peer) => peer !== undefined),
    pools: pools.filter((pool) => pool !== undefined),
  };
}

/** Changes the document; `found` is what stood in it. Ours come after all others, in an order that does not depend on what was first. */
export function editConfig(document: Document, found: ConfigSettings, steps: ConfigSteps): void {
  if (isNothing(document.contents)) document.contents = new YAMLMap();
  if (steps.peers.length > 0) editPeers(document, found.peers, steps.peers);
  if (steps.pools.length > 0) editPools(document, steps.pools);
}

/** Its text; long lines stay as long as they are. */
export function textOfConfig(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

function editPeers(document: Document, found: readonly TextPeer[], steps: readonly PeerStep<TextPeer>[]): void {
  const list = listOf(document, PEERS);
  const byPosition = new Map(found.map((peer) => [peer.position, peer]));
  const removed = new Set(steps.flatMap((step) => (step.kind === 'remove' ? [step.found.position] : [])));
  const ours: { readonly identity: string; readonly node: unknown }[] = [];
  const others: unknown[] = [];
  for (const [position, node] of list.items.entries()) {
    const peer = byPosition.get(position);
    if (peer === undefined) others.push(node);
    else if (!removed.has(position)) ours.push({ identity: peer.identity, node });
  }
  for (const step of steps) {
    if (step.kind === 'update') updatePeer(document, list.items[step.found.position] as YAMLMap, step);
    if (step.kind === 'add') {
      const { identity, nodeName, fields } = step.wanted;
      ours.push({ identity, node: newPeer(document, nodeName, fields, step.services) });
    }
  }
  setList(document, PEERS, [...others, ...sortedBy(ours)]);
}

function updatePeer(document: Document, node: YAMLMap, step: PeerStep<TextPeer> & { kind: 'update' }): void {
  const { fields, found, services } = step;
  if (!haveSameFields(fields, found.fields)) {
    for (const [key, value] of Object.entries(fieldsOf(fields))) {
      // A value that means the same stays as it is written.
      if (value === undefined) node.delete(key);
      else if (textOf(node.get(key)) !== String(value)) node.set(key, scalar(value, key));
    }
  }
  const selectors = node.get(SELECTORS);
  const kept = isSeq(selectors) ? selectors.items.filter((item) => !isMarker(labelsOf(item))) : [];
  const markers = markersOf(services).map((labels) => selectorNode(document, labels));
  const next = new YAMLSeq();
  next.items = [...kept, ...markers];
  node.set(SELECTORS, next);
}

function newPeer(document: Document, nodeName: string, fields: PeerFields, services: readonly string[]): YAMLMap {
  const node = new YAMLMap();
  for (const [key, value] of Object.entries(fieldsOf(fields))) {
    if (value !== undefined) node.set(key, scalar(value, key));
  }
  node.set('peer-port', BGP_PORT);
  const selectors = new YAMLSeq();
  selectors.items = [nodeSelector(nodeName), ...markersOf(services)].map((labels) => selectorNode(document, labels));
  node.set(SELECTORS, selectors);
  return node;
}

function fieldsOf(fields: PeerFields): Readonly<Record<string, string | number | undefined>> {
  return {
    'my-asn': fields.myAsn,
    'peer-asn': fields.peerAsn,
    'peer-address': fields.peerAddress,
    'source-address': fields.sourceAddress,
    password: fields.password,
  };
}

function selectorNode(_document: Document, labels: MatchLabels): YAMLMap {
  const inner = new YAMLMap();
  for (const [key, value] of Object.entries(labels)) inner.set(key, scalar(value, key));
  const outer = new YAMLMap();
  outer.set(LABELS, inner);
  return outer;
}

// MetalLB reads YAML 1.1, which takes more words for truth values and more texts for numbers.
function scalar(value: string | number, key: string): Scalar {
  const node = new Scalar(value);
  if (key === 'password' || /^(?:y|yes|n|no|on|off)$/i.test(String(value))) node.type = 'QUOTE_DOUBLE';
  return node;
}

function editPools(document: Document, steps: readonly PoolStep[]): void {
  const list = listOf(document, POOLS);
  const changes = new Map(steps.flatMap((step) => (step.kind === 'add' ? [] : [[step.found.position, step] as const])));
  const ours: { readonly identity: string; readonly node: unknown }[] = [];
  const others: unknown[] = [];
  for (const [position, node] of list.items.entries()) {
    const name = isMap(node) ? textOf(node.get('name')) : '';
    const step = changes.get(position);
    if (servicesOfPool(name) === undefined) others.push(node);
    else if (step === undefined) ours.push({ identity: name, node });
    else if (step.kind === 'change') {
      ours.push({ identity: step.pool.name, node: changedPool(node as YAMLMap, step.pool) });
    }
  }
  for (const step of steps) {
    if (step.kind === 'add') ours.push({ identity: step.pool.name, node: newPool(step.pool) });
  }
  setList(document, POOLS, [...others, ...sortedBy(ours)]);
}

function changedPool(node: YAMLMap, { name, addresses }: Pool): YAMLMap {
  if (node.get('name') !== name) node.set('name', name);
  node.set('addresses', addressList(addresses));
  return node;
}

function newPool({ name, addresses }: Pool): YAMLMap {
  const node = new YAMLMap();
  node.set('name', name);
  node.set('protocol', 'bgp');
  node.set('addresses', addressList(addresses));
  node.set('auto-assign', false);
  node.set('avoid-buggy-ips', false);
  return node;
}

function addressList(addresses: readonly string[]): YAMLSeq {
  const list = new YAMLSeq();
  list.items = addresses.map((address) => new Scalar(address));
  return list;
}

function sortedBy(ours: readonly { readonly identity: string; readonly node: unknown }[]): readonly unknown[] {
  return ours.toSorted((a, b) => (a.identity < b.identity ? -1 : 1)).map(({ node }) => node);
}

function listOf(document: Document, key: string): YAMLSeq {
  const list = document.get(key);
  return isSeq(list) ? list : new YAMLSeq();
}

// A list that we leave empty is as good as none.
function setList(document: Document, key: string, items: readonly unknown[]): void {
  const list = listOf(document, key);
  list.items = [...items];
  if (items.length === 0) document.delete(key);
  else document.set(key, list);
}

function itemsOf(document: Document, key: string): readonly unknown[] {
  return isMap(document.contents) ? listOf(document, key).items : [];
}

function toPeer(node: unknown, position: number): TextPeer | undefined {
  if (!isMap(node)) return undefined;
  const selectors = node.get(SELECTORS);
  const labels = isSeq(selectors) ? selectors.items.map(labelsOf) : [];
  const services = servicesIn(labels);
  const [nodeName] = nodesIn(labels);
  // Without a mark it is somebody else's.
  if (services.length === 0 || nodeName === undefined) return undefined;
  const textAt = (key: string): string => textOf(node.get(key));
  const peerAddress = textAt('peer-address');
  const fields = {
    myAsn: Number(textAt('my-asn')),
    peerAsn: Number(textAt('peer-asn')),
    peerAddress,
    sourceAddress: textAt('source-address'),
    password: textAt('password'),
  };
  return { position, nodeName, identity: textIdentity(nodeName, peerAddress), fields, services };
}

function labelsOf(selector: unknown): MatchLabels {
  const labels = isMap(selector) ? selector.get(LABELS) : undefined;
  if (!isMap(labels)) return {};
  return Object.fromEntries(labels.items.map(({ key, value }) => [textOf(key), textOf(value)]));
}

function toPool(node: unknown, position: number): FoundPool | undefined {
  if (!isMap(node)) return undefined;
  const addresses = node.get('addresses');
  return {
    position,
    name: textOf(node.get('name')),
    addresses: isSeq(addresses) ? addresses.items.map(textOf) : [],
  };
}

function textOf(node: unknown): string {
  const value: unknown = node instanceof Scalar ? node.value : node;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (value instanceof Scalar && value.value === null);
}

function invalid(where: string, what: string): OperatorError {
  const message = `${where} ${what}, so nothing can be announced or withdrawn: correct it by hand`;
  return new OperatorError('METALLB_CONFIG_INVALID', message, backoff);
}
