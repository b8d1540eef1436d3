// The cluster of an int spec as an administrator sees it: kubectl by the commands of the READMEs, and single calls where a kubelet or a
// controller would make them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, ControlPlaneOptions, Kubectl } from '@longshore/embedded-control-plane';
import type { KubeNode } from '@longshore/k8s-runtime';
import { manifests } from './manifests.ts';

/** Time for `beforeAll`: the first run may have to build the binaries. */
export const FIRST_BUILD_MS = 1_800_000;

/** The taint of Nodes that no cloud controller manager has seen yet. */
export const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
};

// The manifest names the label of control plane nodes of before 1.24 beside today's.
const EXPECTED_WARNING = /node-role\.kubernetes\.io\/master is use "node-role\.kubernetes\.io\/control-plane" instead/;

/** What can be different about a Node that a kubelet has registered. */
export interface NodeSpec {
  readonly providerID?: string;
  readonly taints?: readonly object[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A running control plane and a folder for files. */
export class Cluster {
  readonly plane: ControlPlane;
  readonly folder: string;
  /** In the folder of the program, as the READMEs say. A warning of the API server is a failure, but for that about the old label. */
  readonly kubectl: Kubectl;

  private constructor(plane: ControlPlane, folder: string, kubectl: Kubectl) {
    this.plane = plane;
    this.folder = folder;
    this.kubectl = kubectl;
  }

  static async start(options: ControlPlaneOptions = {}): Promise<Cluster> {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    const folder = await mkdtemp(path.join(tmpdir(), 'packet-ccm-'));
    const plane = await startControlPlane({ onProgress, ...options });
    const kubectl = await kubectlFor(plane, { cwd: manifests.path, expectedWarning: EXPECTED_WARNING, onProgress });
    return new Cluster(plane, folder, kubectl);
  }

  async stop(): Promise<void> {
    await this.plane.stop();
    await rm(this.folder, { recursive: true });
  }

  /** A file for kubectl. */
  async file(name: string, content: string | object): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  }

  /** A kubeconfig with the token of a service account in kube-system. */
  async kubeconfigOf(account: string): Promise<string> {
    const file = path.join(this.folder, `${account}.kubeconfig`);
    const token = await this.plane.createToken({ namespace: 'kube-system', name: account });
    await this.plane.writeKubeconfig(file, { token });
    return file;
  }

  /** One call; anything but success is a failure. */
  async call<T>(method: string, at: string, body?: object): Promise<T> {
    const answer = await this.plane.request({ method, path: at, ...(body ? { body } : {}) });
    if (answer.status >= 300) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** Changes a part of an object. */
  async patch(at: string, body: object): Promise<void> {
    const contentType = 'application/merge-patch+json';
    const { status, body: answer } = await this.plane.request({ method: 'PATCH', path: at, body, contentType });
    if (status >= 300) throw new Error(`PATCH ${at}: ${status} ${JSON.stringify(answer)}`);
  }

  async node(name: string): Promise<KubeNode | undefined> {
    const { status, body } = await this.plane.request({ path: `/api/v1/nodes/${name}` });
    return status === 200 ? (body as KubeNode) : undefined;
  }

  async nodeNames(): Promise<readonly string[]> {
    const { items } = await this.call<{ items: readonly KubeNode[] }>('GET', '/api/v1/nodes');
    return items.map(({ metadata }) => metadata?.name ?? '').sort();
  }

  /** A Node as a kubelet with `--cloud-provider=external` registers it, unless `taints` says otherwise. */
  async addNode(
    name: string,
    { providerID, taints = [UNINITIALIZED], labels, annotations }: NodeSpec = {},
  ): Promise<void> {
    const spec = { taints, ...(providerID === undefined ? {} : { providerID }) };
    const metadata = { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
    await this.call('POST', '/api/v1/nodes', { metadata, spec });
  }

  async isInitialized(name: string): Promise<boolean> {
    const node = await this.node(name);
    return node !== undefined && !(node.spec?.taints ?? []).some(({ key }) => key === UNINITIALIZED.key);
  }

  /** What a user was refused, as `verb URI`. */
  async refusalsOf(user: string): Promise<readonly string[]> {
    const events = (await this.plane.auditEvents()).filter(({ user: { username } }) => username === user);
    return events
      .filter(({ responseStatus }) => responseStatus?.code === 403)
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  }
}
