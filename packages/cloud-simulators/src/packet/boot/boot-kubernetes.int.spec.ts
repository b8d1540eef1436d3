// Clusters in boot mode: real kubeadm, real control planes, Nodes that register themselves, and files that are wrong. All machines of the
// suite are booted before its tests, which look at what came of them. In a network namespace of its own, as boot-packet.int.spec.ts.
import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { firstControlPlane, furtherControlPlane, worker } from '../test-support/kubeadm-user-data.ts';
import { isInOwnNetwork, runSpecInOwnNetwork } from './spec-in-own-network.ts';
import { until } from '@longshore/reconciler-core/testing';
import { bootPacket } from './boot-packet.ts';
import type { PacketSite } from './boot-packet.ts';
import { acquirePrograms } from './kubernetes-programs.ts';
import { ApiClient } from './services/api-client.ts';
import { readKubeconfig } from './services/kubeconfig-file.ts';
import { bootProblem } from './site.ts';

const problem = bootProblem();

if (problem !== undefined) {
  test.skip(`devices become clusters (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  // There is no network inside: what has to be built is built here.
  beforeAll(() => acquirePrograms({}), 1_200_000);

  test('devices become clusters, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +10 passed, 10 total[^]*exit code 0$/);
  }, 900_000);
} else {
  const secrets = { token: 'abcdef.0123456789abcdef', certificateKey: 'a1'.repeat(32) };
  const otherHash = `sha256:${'0'.repeat(64)}`;

  interface Booted {
    readonly id: string;
    readonly address: string;
  }

  interface Node {
    readonly metadata: { readonly uid: string; readonly labels: Readonly<Record<string, string>> };
    readonly spec: {
      readonly providerID?: string;
      readonly taints?: readonly { readonly key: string; readonly effect: string }[];
    };
    readonly status: {
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
      readonly addresses?: readonly { readonly type: string; readonly address: string }[];
      readonly nodeInfo: { readonly kubeletVersion: string };
    };
  }

  let site: PacketSite;
  let master: Booted;
  let second: Booted;
  let good: Booted;
  let wrongHash: Booted;
  let wrongToken: Booted;
  let wrongFile: Booted;
  let api: ApiClient;

  /** Adds a device and waits until its user data has ended, well or not. */
  const boot = async (hostname: string, userdata: string): Promise<Booted> => {
    const { id, ip_addresses: addresses } = site.simulator.addDevice({ hostname, userdata });
    await until(`the user data of ${hostname} has ended`, () => /^(done|failed)$/.test(site.firstBootOf(id)), 300_000);
    return { id, address: addresses[0]?.address ?? '' };
  };

  const fileOf = async ({ id }: Booted, path: string): Promise<string> =>
    (await site.machines.get(id)?.run(['cat', path]))?.stdout ?? '';

  const nodeNamed = async (name: string): Promise<Node | undefined> => {
    const { status, body } = await api.call({ method: 'GET', path: `/api/v1/nodes/${name}` });
    if (status !== 200 && status !== 404) throw new Error(`the API server answers ${status}`);
    return status === 200 ? (body as Node) : undefined;
  };

  const isReady = (node: Node | undefined): boolean =>
    node?.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

  beforeAll(async () => {
    site = await bootPacket();
    [master, wrongFile] = await Promise.all([
      boot('master', firstControlPlane(secrets)),
      boot('wrong-file', firstControlPlane(secrets, { apiVersion: 'kubeadm.k8s.io/v1beta2' })),
    ]);
    // What kept it from coming up is the first thing that a reader needs.
    expect(site.consoleOf(master.id)).toMatch(/control-plane has initialized[^]*exit code 0\n$/);
    api = new ApiClient(readKubeconfig(await fileOf(master, '/etc/kubernetes/admin.conf')));
    const ca = new X509Certificate(await fileOf(master, '/etc/kubernetes/pki/ca.crt'));
    const hash = createHash('sha256')
      .update(ca.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');
    const joining = { ...secrets, endpoint: `${master.address}:6443`, caCertHash: `sha256:${hash}` };
    good = await boot('worker', worker(joining));
    const short = { ...joining, discovery: '15s' };
    [second, wrongHash, wrongToken] = await Promise.all([
      boot('second', furtherControlPlane(joining)),
      boot('wrong-hash', worker({ ...short, caCertHash: otherHash })),
      boot('wrong-token', worker({ ...short, token: 'abcdef.fedcba9876543210' })),
    ]);
  }, 900_000);

  afterAll(async () => {
    api?.close();
    await site?.close();
  }, 60_000);

  describe('devices become clusters', () => {
    test('kubeadm init: a control plane that is reached at its public address, and its Node', async () => {
      const { server } = readKubeconfig(await fileOf(master, '/etc/kubernetes/admin.conf'));
      expect(server).toBe(`https://${master.address}:6443`);
      expect(await api.call({ method: 'GET', path: '/readyz' })).toEqual({ status: 200, body: 'ok' });
      expect((await api.call({ method: 'GET', path: '/version' })).body).toMatchObject({ gitVersion: 'v1.36.3' });
      const node = await until('the Node of the master is ready', async () => {
        const found = await nodeNamed('master');
        return isReady(found) ? found : undefined;
      });
      expect(Object.keys(node.metadata.labels)).toContain('node-role.kubernetes.io/control-plane');
      expect(node.status.addresses).toEqual([
        { type: 'InternalIP', address: master.address },
        { type: 'Hostname', address: 'master' },
      ]);
    }, 180_000);

    test('kubeadm join: a Node by TLS bootstrap, as a cloud controller finds it', async () => {
      expect(site.consoleOf(good.id)).toMatch(/This node has joined the cluster[^]*exit code 0\n$/);
      const node = await until('the Node of the worker is ready', async () => {
        const found = await nodeNamed('worker');
        return isReady(found) ? found : undefined;
      });
      expect(node.spec.providerID).toBeUndefined();
      expect(node.status.addresses).toBeUndefined();
      expect(node.status.nodeInfo.kubeletVersion).toBe('v1.36.3');
      expect(node.metadata.labels).toMatchObject({ pool: 'first', 'kubernetes.io/hostname': 'worker' });
      expect(node.spec.taints?.map(({ key }) => key)).toContain('node.cloudprovider.kubernetes.io/uninitialized');
      const requests = await api.call({
        method: 'GET',
        path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      });
      expect(JSON.stringify(requests.body)).toContain('system:bootstrap:abcdef');
    }, 180_000);

    test('its lease is renewed', async () => {
      const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker';
      const renewal = async (): Promise<string> => {
        const { body } = await api.call({ method: 'GET', path });
        return (body as { readonly spec: { readonly renewTime: string } }).spec.renewTime;
      };
      const before = await renewal();
      await until('the lease has been renewed', async () => (await renewal()) !== before);
    }, 180_000);

    test('pods on it are said to run, and are gone once they are deleted', async () => {
      const pods = '/api/v1/namespaces/default/pods';
      const phase = async (): Promise<unknown> => {
        const { status, body } = await api.call({ method: 'GET', path: `${pods}/one` });
        return status === 404 ? 'gone' : (body as { readonly status?: { readonly phase?: string } }).status?.phase;
      };
      const body = {
        metadata: { name: 'one' },
        spec: {
          nodeName: 'worker',
          containers: [{ name: 'one', image: 'nginx' }],
          tolerations: [{ operator: 'Exists' }],
        },
      };
      // The service account that it runs as is made a moment after the namespace.
      await until('the pod is made', async () => {
        const { status } = await api.call({ method: 'POST', path: pods, body });
        return status === 201;
      });
      await until('the pod runs', async () => (await phase()) === 'Running');
      await api.call({ method: 'DELETE', path: `${pods}/one` });
      await until('the pod is gone', async () => (await phase()) === 'gone');
    }, 180_000);

    test('a Node that was deleted comes back when its kubelet restarts', async () => {
      const before = await nodeNamed('worker');
      await api.call({ method: 'DELETE', path: '/api/v1/nodes/worker' });
      await until('the Node is gone', async () => (await nodeNamed('worker')) === undefined);
      await site.machines.get(good.id)?.run(['systemctl', 'restart', 'kubelet']);
      const after = await until('the Node is back', () => nodeNamed('worker'));
      expect(after.metadata.uid).not.toBe(before?.metadata.uid);
    }, 180_000);

    test('another CA than the one that was promised: no Node, and the console says why', async () => {
      expect(site.firstBootOf(wrongHash.id)).toBe('failed');
      expect(site.consoleOf(wrongHash.id)).toMatch(
        /cluster CA found in cluster-info ConfigMap is invalid: none of the public keys .* are pinned/,
      );
      expect(await nodeNamed('wrong-hash')).toBeUndefined();
    }, 60_000);

    test('a wrong token: no Node, and the console says why', async () => {
      expect(site.firstBootOf(wrongToken.id)).toBe('failed');
      expect(site.consoleOf(wrongToken.id)).toMatch(/failed to verify JWS signature|could not find a JWS signature/);
      expect(await nodeNamed('wrong-token')).toBeUndefined();
    }, 60_000);

    test('a file that kubeadm does not take: its own words on the console, and no control plane', async () => {
      expect(site.firstBootOf(wrongFile.id)).toBe('failed');
      expect(site.consoleOf(wrongFile.id)).toMatch(/old API spec: "kubeadm.k8s.io\/v1beta2"/);
      await expect(site.machines.get(wrongFile.id)?.run(['ls', '/etc/kubernetes/manifests'])).rejects.toThrow();
    }, 60_000);

    test('kubeadm join --control-plane: a second control plane with the same data', async () => {
      expect(site.consoleOf(second.id)).toMatch(/a new control plane instance was created[^]*exit code 0\n$/);
      const kubeconfig = await fileOf(second, '/etc/kubernetes/admin.conf');
      const other = new ApiClient({ ...readKubeconfig(kubeconfig), server: `https://${second.address}:6443` });
      try {
        const { body } = await other.call({ method: 'GET', path: '/api/v1/nodes/worker' });
        expect((body as Node).metadata.uid).toBe((await nodeNamed('worker'))?.metadata.uid);
      } finally {
        other.close();
      }
      const command = `kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -n kube-system -l component=etcd -o name`;
      const pods = await site.machines.get(master.id)?.run(['sh', '-c', command]);
      expect(pods?.stdout.trim().split('\n')).toEqual(['pod/etcd-master', 'pod/etcd-second']);
    }, 180_000);

    test('a control plane that was switched off comes back with what it had', async () => {
      const before = await nodeNamed('worker');
      site.simulator.setDeviceState(master.id, 'inactive');
      await site.sync();
      await expect(api.call({ method: 'GET', path: '/readyz' })).rejects.toThrow();
      site.simulator.setDeviceState(master.id, 'active');
      await site.sync();
      const after = await until('the API server answers again', () => nodeNamed('worker'), 240_000);
      expect(after.metadata.uid).toBe(before?.metadata.uid);
      expect(site.consoleOf(master.id).match(/has initialized successfully/g)).toHaveLength(1);
    }, 400_000);
  });
}
