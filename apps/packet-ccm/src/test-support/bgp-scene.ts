// A simulated project and an API server in memory, with Nodes that are devices: what speakers are tried in.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { nodes } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { createPacketApi } from '@longshore/packet-api';
import type { PacketApi, ProjectId } from '@longshore/packet-api';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import { ALL_NODES } from '../bgp/node-selector.ts';
import { PacketSpeakers } from '../bgp/speakers.ts';
import { SETTINGS } from '../config-table.ts';
import type { AnnotationKeys, Config } from '../config.ts';

/** Keys as they are without settings. */
export const DEFAULT_KEYS: AnnotationKeys = {
  localAsn: SETTINGS.annotationLocalAsn.byDefault,
  peerAsn: SETTINGS.annotationPeerAsn.byDefault,
  peerIp: SETTINGS.annotationPeerIp.byDefault,
  sourceIp: SETTINGS.annotationSourceIp.byDefault,
  bgpPassword: SETTINGS.annotationBgpPassword.byDefault,
  privateNetwork: SETTINGS.annotationPrivateNetwork.byDefault,
  eipMetro: SETTINGS.annotationEipMetro.byDefault,
  eipFacility: SETTINGS.annotationEipFacility.byDefault,
};

const NO_SETTINGS: Config['bgp'] = { localAsn: 65_000, peerAsn: 65_530, password: '', nodes: ALL_NODES };

/** Everything that a test of speakers looks at. */
export interface BgpScene {
  readonly cloud: PacketSimulator;
  readonly kube: FakeKubeClient;
  readonly api: PacketApi;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly projectId: ProjectId;
  /** Secrets that were registered. */
  readonly secrets: Set<string | undefined>;
  /** A program that was started anew knows nothing. */
  newSpeakers(settings?: Partial<Config['bgp']>, keys?: Partial<AnnotationKeys>): PacketSpeakers;
  /** Devices with their Nodes; returns the names. */
  addNodes(count: number, labels?: Readonly<Record<string, string>>): readonly string[];
  addNode(name: string, device: { readonly id: string }, labels?: Readonly<Record<string, string>>): void;
  annotationsOf(name: string): Readonly<Record<string, string>>;
  annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void>;
  /** Calls of the cloud since the last time of asking, by route. */
  callsSince(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startBgpScene(options: PacketOptions = {}): Promise<BgpScene> {
  const cloud = await simulatePacket({ facility: 'da11', quota: 'off', ...options });
  const clock = new FakeClock();
  const log = recordingLogger();
  const kube = new FakeKubeClient();
  const secrets = new Set<string | undefined>();
  const api = createPacketApi({ baseUrl: cloud.url, token: () => cloud.token, userAgent: 'test', log, env: {} });
  const projectId = cloud.projectId as ProjectId;
  const lister = { get: (name: string): KubeNode | undefined => kube.object(nodes, name) };
  let counted: Readonly<Record<string, number>> = {};
  const scene: BgpScene = {
    cloud,
    kube,
    api,
    clock,
    log,
    projectId,
    secrets,
    newSpeakers(settings = {}, keys = {}) {
      const speakers = new PacketSpeakers({
        bgp: api.bgp,
        devices: api.devices,
        projectId,
        settings: { ...NO_SETTINGS, ...settings },
        annotations: { ...DEFAULT_KEYS, ...keys },
        clock,
        log,
        secrets: { add: (...all) => all.forEach((secret) => secrets.add(secret)) },
      });
      speakers.start({ client: kube, nodes: lister });
      return speakers;
    },
    addNodes(count, labels = {}) {
      return cloud.addDevices(count).map((device) => {
        const name = device.hostname ?? '';
        scene.addNode(name, device, labels);
        return name;
      });
    },
    addNode(name, { id }, labels = {}) {
      kube.put(nodes, { metadata: { name, labels }, spec: { providerID: `packet://${id}` } });
    },
    annotationsOf: (name) => kube.object(nodes, name)?.metadata?.annotations ?? {},
    async annotate(name, annotations) {
      await kube.patch(nodes, { name }, { kind: 'merge', body: { metadata: { annotations } } });
    },
    callsSince() {
      const now = Object.fromEntries(Object.entries(cloud.callsByRoute()));
      const since = Object.entries(now).map(([route, count]) => [route, count - (counted[route] ?? 0)] as const);
      counted = now;
      return Object.fromEntries(since.filter(([, count]) => count > 0));
    },
    close: async () => {
      api.http.close();
      await cloud.close();
    },
  };
  return scene;
}
