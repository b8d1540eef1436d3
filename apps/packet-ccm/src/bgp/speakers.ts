// Makes Nodes ready to announce addresses: BGP of the project, a session for each device, annotations of the Nodes. Reads lists, not single
// things, and remembers: Nodes that were ready cost no call. Asked by the load balancers for each Service; doubt about a Node that was
// ready keeps it ready, because leaving it out would end its sessions.
import { KeyedLock, messageOf, OperatorError, backoff, parallelUntil } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode, Lister, NeededRight } from '@longshore/k8s-runtime';
import type { Bgp, DeviceId, Devices, ProjectId } from '@longshore/packet-api';
import type { AnnotationKeys, Config } from '../config.ts';
import type { Speaker, Speakers, SpeakersResult } from '../load-balancer/announcer.ts';
import { isUpToDate, planAnnotations, readAnnotations, wantedAnnotations } from './annotations.ts';
import type { AnnotationPatch } from './annotations.ts';
import type { SpeakerDevice } from './device-facts.ts';
import { ProjectBgpState } from './project-bgp.ts';
import type { ProjectBgp } from './project-plan.ts';
import { SpeakerDevices } from './speaker-devices.ts';
import type { DeviceFinding } from './speaker-devices.ts';
import { SpeakerPeers } from './speaker-peers.ts';
import { SpeakerSessions } from './speaker-sessions.ts';
import { toCandidate } from './candidate.ts';
import type { Candidate } from './candidate.ts';

/** Options of PacketSpeakers. */
export interface PacketSpeakersOptions {
  readonly bgp: Pick<Bgp, 'config' | 'enable' | 'sessionsOfProject' | 'createSession' | 'neighbors'>;
  readonly devices: Pick<Devices, 'list' | 'get'>;
  readonly projectId: ProjectId;
  readonly settings: Config['bgp'];
  readonly annotations: AnnotationKeys;
  readonly clock: Clock;
  readonly log: Logger;
  /** Keeps passwords out of everything that is printed. */
  readonly secrets?: { add(...secrets: readonly (string | undefined)[]): void } | undefined;
}

/** What is there once this process leads. */
export interface SpeakersSurroundings {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly nodes: Pick<Lister<KubeNode>, 'get'>;
}

/** Age up to which what was read of the cloud counts. */
export const RESYNC_MS = 900_000;
const NODES_AT_ONCE = 10;

/** What speakers need in the cluster. */
export const SPEAKER_RIGHTS: readonly NeededRight[] = [
  { group: '', resource: 'nodes', verb: 'patch', neededFor: 'the BGP annotations of nodes' },
];

interface Pass {
  readonly project: ProjectBgp;
  readonly hasSession: (id: DeviceId) => boolean;
  readonly devices: ReadonlyMap<DeviceId, DeviceFinding>;
  readonly isPreview: boolean;
  readonly signal: AbortSignal;
}

interface Collected {
  readonly speakers: Speaker[];
  readonly notReady: { readonly nodeName: string; readonly reason: string }[];
  readonly changes: string[];
}

interface Patched {
  readonly seenVersion: string | undefined;
  readonly patch: string;
}

/** Nodes that announce addresses. */
export class PacketSpeakers implements Speakers {
  readonly #options: PacketSpeakersOptions;
  readonly #project: ProjectBgpState;
  readonly #devices: SpeakerDevices;
  readonly #sessions: SpeakerSessions;
  readonly #peers: SpeakerPeers;
  readonly #lock = new KeyedLock<string>();
  // Speakers that were ready, for times of doubt; and patches that the cache may not show yet.
  readonly #ready = new Map<string, Speaker>();
  readonly #patched = new Map<string, Patched>();
  #around: SpeakersSurroundings | undefined;

  constructor(options: PacketSpeakersOptions) {
    this.#options = options;
    const { settings } = options;
    this.#project = new ProjectBgpState(options);
    this.#devices = new SpeakerDevices(options);
    this.#sessions = new SpeakerSessions(options);
    this.#peers = new SpeakerPeers({ ...options, usualAsn: settings.peerAsn });
  }

  /** Before the first question. */
  start(around: SpeakersSurroundings): void {
    this.#around = around;
  }

  /** Does nothing at all, also not in the cloud, when no Node is selected. */
  async ready(nodeNames: readonly string[], signal: AbortSignal): Promise<SpeakersResult> {
    const collected = this.#collect();
    const candidates = this.#candidates(nodeNames, collected);
    if (candidates.length === 0) return collected;
    const { bgp: project, changes } = await this.#project.enabled(RESYNC_MS, signal);
    collected.changes.push(...changes);
    return this.#work(candidates, { project, isPreview: false, signal }, collected);
  }

  /** What `ready` would change now, in words, and the speakers as far as they are known before that. Reads, never writes. */
  async preview(nodeNames: readonly string[], signal: AbortSignal): Promise<SpeakersResult> {
    const collected = this.#collect();
    const candidates = this.#candidates(nodeNames, collected);
    if (candidates.length === 0) return collected;
    const plan = await this.#project.plan(RESYNC_MS, signal);
    if (plan.kind === 'adopt') {
      return this.#work(candidates, { project: plan.bgp, isPreview: true, signal }, collected);
    }
    const reason = 'BGP of the project is not enabled yet';
    if (plan.kind === 'enable') collected.changes.push(`enable BGP of the project with ASN ${plan.wish.asn}`);
    collected.notReady.push(...candidates.map(({ nodeName }) => ({ nodeName, reason })));
    return collected;
  }

  async maxPrefixes(signal: AbortSignal): Promise<number | undefined> {
    const plan = await this.#project.plan(RESYNC_MS, signal);
    return plan.kind === 'adopt' ? plan.bgp.maxPrefixes : undefined;
  }

  #collect(): Collected {
    return { speakers: [], notReady: [], changes: [] };
  }

  #candidates(nodeNames: readonly string[], collected: Collected): readonly Candidate[] {
    const { settings } = this.#options;
    const { nodes } = this.#surroundings();
    const found = nodeNames.map((name) => toCandidate(name, nodes.get(name), settings.nodes));
    for (const one of found) {
      if (one.kind === 'not-ready') collected.notReady.push({ nodeName: one.nodeName, reason: one.reason });
    }
    return found.filter((one) => one.kind === 'candidate');
  }

  async #work(
    candidates: readonly Candidate[],
    { project, isPreview, signal }: Pick<Pass, 'project' | 'isPreview' | 'signal'>,
    collected: Collected,
  ): Promise<SpeakersResult> {
    const ids = candidates.map(({ id }) => id);
    const devices = await this.#devices.find(ids, RESYNC_MS, signal);
    const hasSession = await this.#sessions.read(RESYNC_MS, signal);
    const pass: Pass = { project, hasSession, devices, isPreview, signal };
    const results = new Map<string, Speaker | { readonly reason: string }>();
    const one = async (candidate: Candidate): Promise<void> => {
      const { nodeName } = candidate;
      const work = (): Promise<Speaker> => this.#prepare(candidate, pass, collected.changes);
      try {
        const speaker = await this.#lock.run(nodeName, work, signal);
        results.set(nodeName, speaker);
        if (!isPreview) this.#ready.set(nodeName, speaker);
      } catch (error) {
        signal.throwIfAborted();
        results.set(nodeName, this.#inDoubt(candidate, error));
      }
    };
    await parallelUntil(candidates, NODES_AT_ONCE, one, signal);
    // In the order of the question, whoever was quicker.
    for (const { nodeName } of candidates) {
      const result = results.get(nodeName);
      if (result && 'reason' in result) collected.notReady.push({ nodeName, reason: result.reason });
      else if (result) collected.speakers.push(result);
    }
    return collected;
  }

  async #prepare(candidate: Candidate, pass: Pass, changes: string[]): Promise<Speaker> {
    const { nodeName, id } = candidate;
    const device = pass.devices.get(id);
    if (device === undefined || device === 'absent') throw gone(candidate);
    if ('error' in device) throw device.error;
    if (device.privateAddress === undefined) throw withoutAddress(candidate);
    if (!pass.hasSession(id)) await this.#makeSession(candidate, pass, changes);
    const peers = await this.#peersOf(candidate, { ...device, privateAddress: device.privateAddress }, pass);
    if (peers === undefined) throw gone(candidate);
    if (peers.length === 0) throw withoutRouters(candidate);
    const { asn: localAsn, password } = pass.project;
    const speaker: Speaker = { nodeName, localAsn, sourceAddress: device.privateAddress, peers, password };
    await this.#annotate(candidate, { speaker, device, pass, changes });
    return speaker;
  }

  async #makeSession({ nodeName, id }: Candidate, { isPreview, signal }: Pass, changes: string[]): Promise<void> {
    changes.push(isPreview ? `make the BGP session of node ${nodeName}` : `BGP session of node ${nodeName} made`);
    if (!isPreview) await this.#sessions.make(id, signal);
  }

  #peersOf(
    { nodeName, id, annotations }: Candidate,
    device: SpeakerDevice,
    { project, signal }: Pass,
  ): Promise<Speaker['peers'] | undefined> {
    const situation = JSON.stringify([project.asn, project.password ?? '', device.privateAddress]);
    const read = readAnnotations(nodeName, annotations, this.#options.annotations);
    if (read && isUpToDate(read, device, project)) this.#peers.believe({ id, situation }, read.peers);
    return this.#peers.read({ id, situation }, signal);
  }

  async #annotate(
    { nodeName, annotations, version }: Candidate,
    work: {
      readonly speaker: Speaker;
      readonly device: SpeakerDevice;
      readonly pass: Pass;
      readonly changes: string[];
    },
  ): Promise<void> {
    const { speaker, device, pass, changes } = work;
    const keys = this.#options.annotations;
    const patch = planAnnotations(annotations, wantedAnnotations(speaker, device, keys), keys);
    const names = Object.keys(patch);
    if (names.length === 0 || this.#isPatched(nodeName, version, patch)) return;
    if (pass.isPreview) {
      changes.push(`write annotations of node ${nodeName}: ${names.join(', ')}`);
      return;
    }
    const body = { metadata: { annotations: patch } };
    const { client } = this.#surroundings();
    const options = { discardAnswer: true, signal: pass.signal } as const;
    const patched = await client.patch(nodeType, { name: nodeName }, { kind: 'merge', body }, options);
    if (patched === undefined) throw new OperatorError('BGP_NODE_GONE', `node ${nodeName} is gone`, backoff);
    this.#patched.set(nodeName, { seenVersion: version, patch: JSON.stringify(patch) });
    changes.push(`annotations of node ${nodeName} written: ${names.join(', ')}`);
  }

  // The cache may be behind our own patch: the same patch to the same version would say that something changed.
  #isPatched(nodeName: string, version: string | undefined, patch: AnnotationPatch): boolean {
    const last = this.#patched.get(nodeName);
    if (last?.seenVersion === version && last?.patch === JSON.stringify(patch)) return true;
    this.#patched.delete(nodeName);
    return false;
  }

  #inDoubt({ nodeName, annotations }: Candidate, error: unknown): Speaker | { readonly reason: string } {
    const reason = messageOf(error);
    if (error instanceof OperatorError && CERTAIN.has(error.code)) {
      this.#ready.delete(nodeName);
      return { reason };
    }
    const known = this.#ready.get(nodeName) ?? readAnnotations(nodeName, annotations, this.#options.annotations);
    if (!known) return { reason };
    this.#options.log.warn('BGP of a node could not be checked: it stays as it was', { node: nodeName, reason });
    return known;
  }

  #surroundings(): SpeakersSurroundings {
    if (!this.#around) throw new Error('PacketSpeakers was asked before start');
    return this.#around;
  }
}

const CERTAIN: ReadonlySet<string> = new Set(['BGP_DEVICE_GONE', 'BGP_ADDRESS_MISSING', 'BGP_NODE_GONE']);

function gone({ nodeName, id }: Candidate): OperatorError {
  const message = `node ${nodeName}: device ${id} is not there any more, so it announces nothing`;
  return new OperatorError('BGP_DEVICE_GONE', message, backoff);
}

function withoutAddress({ nodeName, id }: Candidate): OperatorError {
  const message = `node ${nodeName}: device ${id} has no private IPv4 address, so it cannot announce addresses: give it one, or leave the node out by METAL_BGP_NODE_SELECTOR`;
  return new OperatorError('BGP_ADDRESS_MISSING', message, backoff);
}

function withoutRouters({ nodeName, id }: Candidate): OperatorError {
  const message = `node ${nodeName}: the API names no BGP neighbours for device ${id} yet; it is asked again`;
  return new OperatorError('BGP_NEIGHBORS_MISSING', message, backoff);
}
