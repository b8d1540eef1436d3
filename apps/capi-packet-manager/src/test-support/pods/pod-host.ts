// Runs pods of a real API server as processes of this machine: those for which there is a program. On a cluster without nodes it is a Node
// itself, to which the real scheduler binds pods; on a cluster of simulated machines, whose kubelets only say that pods run, it runs
// what is bound to any of them.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { configMaps, keyOf } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { OwnNode } from './own-node.ts';
import { planProcess } from './pod-plan.ts';
import { pods, secrets } from './pod-objects.ts';
import type { Pod } from './pod-objects.ts';
import { PodProcess } from './pod-process.ts';

/** How a pod is run. */
export interface PodProgram {
  readonly command: readonly string[];
  readonly extraArgs?: readonly string[];
}

/** A cluster, and what is run of it. */
export interface PodHostOptions {
  /** As its administrator. */
  readonly client: KubeClient;
  /** Logs and volumes. */
  readonly folder: string;
  /** `undefined`: the pod is not run (but said to run, when this is its Node). */
  readonly program: (pod: Pod) => PodProgram | undefined;
  /** The Node to be, on a cluster without any. */
  readonly node?: string;
}

/** What one pod came to. */
export interface HostedPod {
  readonly key: string;
  readonly uid: string;
  readonly process: PodProcess;
}

const ROUND_MS = 250;
const GRACE_MS = 20_000;

/** Starts; call `stop`. */
export async function startPodHost(options: PodHostOptions): Promise<PodHost> {
  const node = options.node === undefined ? undefined : await OwnNode.register(options.client, options.node);
  return new PodHost(options, node);
}

/** See `startPodHost`. */
export class PodHost {
  readonly #options: PodHostOptions;
  readonly #node: OwnNode | undefined;
  readonly #running = new Map<string, HostedPod>();
  readonly #logs = new Map<string, string>();
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  /** What could not be done in the last rounds, for the message of a test that failed. */
  readonly problems = new Map<string, string>();

  constructor(options: PodHostOptions, node: OwnNode | undefined) {
    this.#options = options;
    this.#node = node;
    this.#following = this.#follow();
  }

  /** Pods whose processes run now. */
  get running(): readonly HostedPod[] {
    return [...this.#running.values()].filter((hosted) => hosted.process.isRunning);
  }

  /** What all processes printed, by pod; also those that have ended. */
  get logs(): string {
    const logs = [...this.#running.values()].map(({ key, process }) => [key, process.log] as const);
    return [...this.#logs, ...logs].map(([key, log]) => `--- ${key}\n${log}`).join('\n');
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#following;
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop(GRACE_MS)));
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#round().then(
        () => this.problems.delete('round'),
        (error: unknown) => this.problems.set('round', String(error)),
      );
      await wait(ROUND_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    await this.#node?.renew();
    const all = await this.#options.client.list(pods, { timeoutMs: 10_000 });
    const mine = all.items.filter(({ spec }) =>
      this.#node === undefined ? spec?.nodeName !== undefined : spec?.nodeName === this.#node.name,
    );
    const uids = new Set(mine.map(({ metadata }) => metadata?.uid));
    const gone = [...this.#running.values()].filter(({ uid }) => !uids.has(uid));
    await Promise.all(gone.map((hosted) => this.#end(hosted)));
    await Promise.all(
      mine.map((pod) => this.#sync(pod).catch((error: unknown) => this.problems.set(keyOf(pod), String(error)))),
    );
  }

  async #sync(pod: Pod): Promise<void> {
    const { uid = '', deletionTimestamp } = pod.metadata ?? {};
    const hosted = this.#running.get(uid);
    if (deletionTimestamp !== undefined) return this.#remove(pod, hosted);
    if (hosted?.process.isRunning) return;
    const program = this.#options.program(pod);
    if (program !== undefined) await this.#start(pod, program);
    if (pod.status?.phase !== 'Running') await this.#node?.sayRunning(pod);
    this.problems.delete(keyOf(pod));
  }

  async #remove(pod: Pod, hosted: HostedPod | undefined): Promise<void> {
    if (hosted) await this.#end(hosted, (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000);
    await this.#node?.sayGone(pod);
  }

  async #start(pod: Pod, { command, extraArgs = [] }: PodProgram): Promise<void> {
    const uid = pod.metadata?.uid ?? '';
    const before = this.#running.get(uid);
    if (before) this.problems.set(`${keyOf(pod)} ended`, before.process.log.slice(-2000));
    const plan = planProcess(pod, await this.#sourcesOf(pod));
    const folder = path.join(this.#options.folder, `${pod.metadata?.name}-${uid}`);
    mkdirSync(folder, { recursive: true });
    const { hostname, port } = new URL(this.#options.client.server);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port || '443' };
    const process = PodProcess.start(plan, { command, extraArgs, folder, env });
    this.#running.set(uid, { key: keyOf(pod), uid, process });
  }

  async #end({ key, uid, process }: HostedPod, graceMs = GRACE_MS): Promise<void> {
    await process.stop(graceMs);
    this.#logs.set(`${key} ${uid}`, process.log);
    this.#running.delete(uid);
  }

  async #sourcesOf(pod: Pod): Promise<Parameters<typeof planProcess>[1]> {
    const { client } = this.#options;
    const namespace = pod.metadata?.namespace ?? 'default';
    const [secretList, mapList] = [
      await client.list(secrets, { namespace }),
      await client.list(configMaps, { namespace }),
    ];
    const named = <T extends { readonly metadata?: { readonly name?: string } }>(items: readonly T[], name: string) =>
      items.find(({ metadata }) => metadata?.name === name);
    const decode = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
    return {
      secret: (name) => {
        const secret = named(secretList.items, name);
        return secret && decode(secret.data ?? {});
      },
      configMap: (name) => {
        const map = named(mapList.items, name);
        return map && (map.data ?? {});
      },
      token: await this.#tokenOf(pod, namespace),
    };
  }

  async #tokenOf(pod: Pod, namespace: string): Promise<string> {
    const { name, uid } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName ?? 'default';
    const answer = await this.#options.client.raw({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 7200, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
      },
    });
    if (answer.status !== 201) throw new Error(`no token for ${namespace}/${account}: ${answer.body}`);
    return (JSON.parse(answer.body) as { readonly status: { readonly token: string } }).status.token;
  }
}
