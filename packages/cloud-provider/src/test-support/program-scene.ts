// A cluster, a cloud and programs between them, for the process rows: one API server for a spec file, everything else new for each test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { waitFor } from '@longshore/reconciler-core/testing';
import { connect, leases, nodes, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeLease, KubeService } from '@longshore/k8s-runtime';
import { ApiProxy } from './api-proxy.ts';
import { CloudServer } from './cloud-server.ts';
import { freePort, RunningProgram } from './running-program.ts';

/** Election that goes quickly; a lease of four seconds. */
export const QUICK_ELECTION = [
  '--leader-elect-lease-duration=4s',
  '--leader-elect-renew-deadline=3s',
  '--leader-elect-retry-period=500ms',
];

/** What a program of a scene is started with. */
export interface SceneProgram {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: readonly string[];
  readonly file?: string;
  /** Talks to the API server through the scene's proxy. */
  readonly isProxied?: boolean;
  /** No `--cloud-provider=acme`. */
  readonly isWithoutProvider?: boolean;
}

/** The API server of a spec file. */
export async function startPlane(): Promise<{ readonly plane: ControlPlane; readonly admin: KubeClient }> {
  const plane = await startControlPlane({ users: [{ name: 'metrics' }, { name: 'nobody' }] });
  const admin = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'test', env: {} });
  return { plane, admin };
}

/** One test. */
export class ProgramScene {
  readonly cloud: CloudServer;
  readonly proxy: ApiProxy;
  readonly admin: KubeClient;
  readonly #plane: ControlPlane;
  readonly #folder: string;
  readonly #programs: RunningProgram[] = [];

  private constructor(own: {
    plane: ControlPlane;
    admin: KubeClient;
    cloud: CloudServer;
    proxy: ApiProxy;
    folder: string;
  }) {
    this.#plane = own.plane;
    this.admin = own.admin;
    this.cloud = own.cloud;
    this.proxy = own.proxy;
    this.#folder = own.folder;
  }

  static async start({
    plane,
    admin,
  }: {
    readonly plane: ControlPlane;
    readonly admin: KubeClient;
  }): Promise<ProgramScene> {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-program-'));
    const [cloud, proxy] = await Promise.all([new CloudServer().start(), new ApiProxy(plane).start()]);
    await proxy.writeKubeconfig(join(folder, 'proxied'));
    return new ProgramScene({ plane, admin, cloud, proxy, folder });
  }

  /** Starts a program; `name` is its replica in the cloud's call log. Returns it with the port of its pages. */
  async run(
    name: string,
    start: SceneProgram = {},
  ): Promise<{ readonly program: RunningProgram; readonly port: number }> {
    const port = await freePort();
    const kubeconfig = start.isProxied ? join(this.#folder, 'proxied') : this.#plane.kubeconfigPath;
    const flags = [
      ...(start.isWithoutProvider ? [] : ['--cloud-provider=acme']),
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${this.#plane.kubeconfigPath}`,
      `--authorization-kubeconfig=${this.#plane.kubeconfigPath}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--configure-cloud-routes=false',
      ...(start.flags ?? []),
    ];
    const program = new RunningProgram(name, { ...start, flags, env: { ACME_URL: this.cloud.url, ...start.env } });
    this.#programs.push(program);
    return { program, port };
  }

  async createNode(name: string): Promise<void> {
    await this.admin.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { providerID: `acme://${name}` },
    });
  }

  async createService(name: string): Promise<void> {
    const spec = { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }] };
    await this.admin.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec,
    });
  }

  async untilAddress(name: string): Promise<KubeService> {
    let service: KubeService | undefined;
    const isThere = async (): Promise<boolean> => {
      service = await this.admin.get(services, { namespace: 'default', name });
      return (service?.status?.loadBalancer?.ingress ?? []).length > 0;
    };
    await waitFor(isThere, { what: `${name} shows an address` }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#programs.map(({ output }) => output.slice(-3_000)).join('\n---\n')}`);
    });
    return service as KubeService;
  }

  async lease(): Promise<KubeLease['spec']> {
    return (await this.admin.get(leases, { namespace: 'kube-system', name: 'cloud-controller-manager' }))?.spec;
  }

  /** Ends programs, cloud and proxy, and empties the cluster. */
  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    await Promise.all([this.cloud.stop(), this.proxy.stop()]);
    for (const { metadata } of (await this.admin.list(services, { namespace: 'default' })).items) {
      const key = { namespace: 'default', name: metadata?.name ?? '' };
      if (key.name === 'kubernetes') continue;
      await this.admin.patch(services, key, { kind: 'merge', body: { metadata: { finalizers: null } } });
      await this.admin.remove(services, key);
    }
    for (const { metadata } of (await this.admin.list(nodes)).items)
      await this.admin.remove(nodes, { name: metadata?.name ?? '' });
    await this.admin.remove(leases, { namespace: 'kube-system', name: 'cloud-controller-manager' });
    await rm(this.#folder, { recursive: true, force: true });
  }
}
