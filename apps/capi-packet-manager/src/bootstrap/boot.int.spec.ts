// The whole way of a machine into a cluster: rendered user data is run on simulated machines, where kubeadm is the real one. A master with
// keys made by us, workers of two versions, further masters behind an elastic IP, and a worker that distrusts the CA. All machines are booted before the tests,
// which look at what came of them. In a network namespace of its own: the bridge of the machines is on nobody else's network.
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bootPacket, bootProblem, isInOwnNetwork, runSpecInOwnNetwork } from '@longshore/cloud-simulators';
import type { PacketSite } from '@longshore/cloud-simulators';
import { systemClock } from '@longshore/reconciler-core';
import { EtcdMembers } from '../machine/etcd-members.ts';
import { prepareBinaries } from '../test-support/site/prepare-binaries.ts';
import { until as untilWithin } from '@longshore/reconciler-core/testing';
import type { CertificatePair, ClusterKeys, Entrance, MachineFacts } from './contract.ts';
import { caCertHash, generateClusterKeys, issueAdminCertificate } from './pki.ts';
import { aCluster, aMachine, shippedSetup } from './test-support/cluster-facts.ts';
import { generateToken } from './token.ts';
import { renderUserData } from './user-data.ts';

const problem = bootProblem();

const until = <T>(what: string, look: () => T | Promise<T>, limitMs = 240_000): Promise<NonNullable<T>> =>
  untilWithin(what, look, limitMs);

if (problem !== undefined) {
  test.skip(`rendered user data makes a cluster (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  // There is no network inside: what has to be built is built here.
  beforeAll(() => prepareBinaries('1.36', ['1.35']), 1_800_000);

  test('rendered user data makes a cluster, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +9 passed, 9 total[^]*exit code 0$/);
  }, 1_200_000);
} else {
  interface Booted {
    readonly id: string;
    readonly publicAddress: string;
    readonly privateAddress: string;
  }

  interface NodeObject {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: {
      readonly providerID?: string;
      readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
    };
    readonly status: { readonly nodeInfo: { readonly kubeletVersion: string } };
  }

  const token = generateToken();
  const tokenExpiresAt = new Date(Date.now() + 5 * 60 * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const masterVersions = { kubelet: '1.36.3', controlPlane: '1.36.3' };
  const booted = new Map<string, Booted>();
  let site: PacketSite;
  let admin: CertificatePair;
  let caPem: string;
  let elasticIp = '';
  let assignment: { readonly href: string };
  let keys: ClusterKeys;

  const packet = async <T>(method: string, urlPath: string, body?: object): Promise<T> => {
    const { url, token: apiToken } = site.simulator;
    const headers = { 'x-auth-token': apiToken, 'content-type': 'application/json' };
    const answer = await fetch(url + urlPath, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${urlPath}: ${answer.status} ${said}`);
    return (said === '' ? undefined : JSON.parse(said)) as T;
  };

  const assign = (name: string): Promise<{ readonly href: string }> =>
    packet('POST', `/devices/${booted.get(name)?.id}/ips`, { address: elasticIp });

  const boot = (entrance: Entrance, machine: MachineFacts): Booted => {
    const { image, versions } = machine;
    const cluster = aCluster({ elasticIp, ...(entrance.kind === 'init' ? {} : { endpoint: `${elasticIp}:6443` }) });
    const { text: userdata } = renderUserData({ entry: shippedSetup({ image, versions }), cluster, machine, entrance });
    const device = site.simulator.addDevice({ hostname: machine.name, userdata });
    const addressOf = (isPublic: boolean): string =>
      device.ip_addresses.find((one) => one.public === isPublic && one.address_family === 4)?.address ?? '';
    const found = { id: device.id, publicAddress: addressOf(true), privateAddress: addressOf(false) };
    booted.set(machine.name, found);
    return found;
  };

  const joinMaster = (name: string): Booted => {
    const joining = { kind: 'join-control-plane', token, caCertHash: caCertHash(caPem), keys } as const;
    return boot(joining, aMachine({ name, versions: masterVersions }));
  };

  const hasEnded = async (name: string): Promise<void> => {
    const state = (): string => site.firstBootOf(booted.get(name)?.id ?? '');
    await until(`the user data of ${name} has ended`, () => state() === 'done' || state() === 'failed', 600_000);
  };

  const consoleOf = (name: string): string => site.consoleOf(booted.get(name)?.id ?? '');

  const run = async (name: string, script: string): Promise<string> =>
    (await site.machines.get(booted.get(name)?.id ?? '')?.run(['bash', '-c', script]))?.stdout ?? '';

  /** Asks an API server with the certificate that we made. */
  const ask = async (host: string, urlPath: string): Promise<{ readonly status: number; readonly body: string }> => {
    const { certPem: cert, keyPem: key } = admin;
    return new Promise((resolve, reject) => {
      const call = request({ host, port: 6443, path: urlPath, ca: caPem, cert, key, agent: false }, (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
      });
      call.once('error', reject);
      call.setTimeout(20_000, () => call.destroy(new Error('no answer')));
      call.end();
    });
  };

  const nodeNamed = async (name: string): Promise<NodeObject | undefined> => {
    const { status, body } = await ask(booted.get('master-0')?.publicAddress ?? '', `/api/v1/nodes/${name}`);
    if (status !== 200 && status !== 404) throw new Error(`the API server answers ${status}`);
    return status === 200 ? (JSON.parse(body) as NodeObject) : undefined;
  };

  const linkedNode = (name: string): Promise<NodeObject> =>
    until(`${name} is an annotated Node`, async () => {
      const node = await nodeNamed(name);
      return node?.metadata.annotations['cluster.k8s.io/machine'] === undefined ? undefined : node;
    });

  beforeAll(async () => {
    site = await bootPacket({ boot: { minors: ['1.36'], workerMinors: ['1.35'] } });
    const nowMs = Date.now();
    keys = await generateClusterKeys({ cluster: 'blue', nowMs });
    caPem = keys.ca.certPem;
    admin = await issueAdminCertificate(keys.ca, { nowMs });
    const block = { type: 'public_ipv4', quantity: 1, metro: 'ny' };
    elasticIp = (await packet<{ address: string }>('POST', `/projects/${site.simulator.projectId}/ips`, block)).address;
    boot(
      { kind: 'init', keys, token, tokenExpiresAt },
      aMachine({ name: 'master-0', versions: masterVersions, isSchedulable: true }),
    );
    assignment = await assign('master-0');
    await hasEnded('master-0');
    // What kept it from coming up is the first thing that a reader needs.
    expect(consoleOf('master-0')).toMatch(/control-plane has initialized[^]*exit code 0\n$/);
    const joining = { kind: 'join', token, caCertHash: caCertHash(caPem) } as const;
    const labels = { pool: 'first', 'node-role.kubernetes.io/worker': '' };
    const taints = [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }];
    boot(joining, aMachine({ name: 'worker-0', labels, taints, annotations: { note: "it's; `one` $1" } }));
    boot(joining, aMachine({ name: 'worker-old', versions: { kubelet: '1.35.4' } }));
    const distrusting = { ...joining, caCertHash: `sha256:${'0'.repeat(64)}` };
    boot(distrusting, aMachine({ name: 'worker-distrusting' }));
    // Both at once, as a file with three masters makes them.
    for (const name of ['master-1', 'master-2']) joinMaster(name);
    for (const name of ['worker-0', 'worker-old', 'master-1', 'master-2']) {
      await hasEnded(name);
      expect(consoleOf(name)).toMatch(/exit code 0\n$/);
    }
  }, 1_200_000);

  afterAll(async () => {
    await site?.close();
  }, 60_000);

  describe('rendered user data makes a cluster', () => {
    test('init: the API server answers to the certificate that we made of our CA, at the public address', async () => {
      const { publicAddress, id } = booted.get('master-0') as Booted;
      expect(await ask(publicAddress, '/readyz')).toEqual({ status: 200, body: 'ok' });
      const node = await linkedNode('master-0');
      expect(node.spec.providerID).toBe(`packet://${id}`);
      expect(node.metadata.annotations['cluster.k8s.io/machine']).toBe('default/master-0');
    }, 300_000);

    test('CA row M25 roles Master and Node: the master has no taint of its role; a master alone has it', async () => {
      const taintsOf = async (name: string): Promise<readonly string[]> =>
        ((await linkedNode(name)).spec.taints ?? []).map(({ key }) => key);
      expect(await taintsOf('master-0')).not.toContain('node-role.kubernetes.io/control-plane');
      expect(await taintsOf('master-1')).toContain('node-role.kubernetes.io/control-plane');
    }, 300_000);

    test('the token of init is there until the time that we named, and nothing of ours is left on the disk', async () => {
      const { body } = await ask(
        booted.get('master-0')?.publicAddress ?? '',
        `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${token.slice(0, 6)}`,
      );
      const { data } = JSON.parse(body) as { readonly data: Readonly<Record<string, string>> };
      const expiration = Date.parse(Buffer.from(data['expiration'] ?? '', 'base64').toString());
      // It takes some minutes at most from the script to the Secret.
      expect(expiration - Date.parse(tokenExpiresAt)).toBeGreaterThanOrEqual(-1000);
      expect(expiration - Date.parse(tokenExpiresAt)).toBeLessThan(30 * 60_000);
      expect(
        await run('master-0', 'ls /etc/kubernetes/cluster-api /var/lib/cluster-api/bootstrap 2>&1 || true'),
      ).toMatch(/cluster-api'?: No such file[^]*bootstrap'?: No such file/);
      expect(await run('master-0', 'stat -c %a /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/ca.crt')).toBe(
        '600\n640\n',
      );
      const log = await run('master-0', 'cat /var/log/startup.log');
      expect(log).toContain('running: kubeadm');
      expect(`${log}${consoleOf('worker-0')}`).not.toContain(token.slice(7));
      expect(log).not.toContain('PRIVATE KEY');
    }, 300_000);

    test('CA row R7 CA row M27 join: kubeadm finds our hash of the CA true, and registers labels and taints', async () => {
      expect(consoleOf('worker-0')).toMatch(/This node has joined the cluster[^]*exit code 0\n$/);
      const node = await linkedNode('worker-0');
      expect(node.metadata.labels).toMatchObject({ pool: 'first' });
      // The manager's to write: a kubelet may not.
      expect(node.metadata.labels).not.toHaveProperty(['node-role.kubernetes.io/worker']);
      expect(node.spec.taints).toContainEqual({ key: 'dedicated', value: 'batch', effect: 'NoSchedule' });
      expect(node.metadata.annotations['note']).toBe("it's; `one` $1");
      const { id, privateAddress } = booted.get('worker-0') as Booted;
      expect(node.spec.providerID).toBe(`packet://${id}`);
      expect(node.metadata.annotations['alpha.kubernetes.io/provided-node-ip']).toBe(privateAddress);
    }, 300_000);

    test('join: a worker of the minor before', async () => {
      expect((await linkedNode('worker-old')).status.nodeInfo.kubeletVersion).toBe('v1.35.4');
    }, 300_000);

    test('join-control-plane: a second master with the same keys, reached at its own public address', async () => {
      expect(consoleOf('master-1')).toMatch(/a new control plane instance was created[^]*exit code 0\n$/);
      const { publicAddress } = booted.get('master-1') as Booted;
      expect((await ask(publicAddress, '/api/v1/nodes/worker-0')).status).toBe(200);
      const pairs = 'cd /etc/kubernetes/pki && sha256sum ca.key etcd/ca.key front-proxy-ca.key sa.key';
      expect(await run('master-1', pairs)).toBe(await run('master-0', pairs));
    }, 300_000);

    test('the elastic IP is the endpoint, and goes on to be when it is moved to the other master', async () => {
      expect(await ask(elasticIp, '/readyz')).toEqual({ status: 200, body: 'ok' });
      await packet('DELETE', assignment.href);
      await assign('master-1');
      await until('master-1 has the address', async () =>
        (await run('master-1', 'ip addr show lo')).includes(elasticIp),
      );
      expect(await run('master-0', 'ip addr show lo')).not.toContain(elasticIp);
      expect(await ask(elasticIp, '/readyz')).toEqual({ status: 200, body: 'ok' });
    }, 300_000);

    test('a master that was lost is replaced: etcd forgets it, and another one joins', async () => {
      site.simulator.removeDevice(booted.get('master-0')?.id ?? '');
      await site.sync();
      // What the manager does before it lets another one join.
      const hosts = ['master-0', 'master-1'].flatMap((name) => booted.get(name)?.publicAddress ?? []);
      const lost = { name: 'master-0', addresses: [booted.get('master-0')?.privateAddress ?? ''] };
      const etcd = new EtcdMembers({ clock: systemClock });
      const leave = (): Promise<string> => etcd.remove({ ca: keys.etcdCa, hosts }, lost, new AbortController().signal);
      // The members that are left have to agree on a leader first.
      await until('etcd forgets the lost member', leave);
      const remove = 'kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 20s delete node master-0';
      await until('the Node of the lost master is gone', async () => /deleted/.test(await run('master-1', remove)));
      joinMaster('master-3');
      await hasEnded('master-3');
      expect(consoleOf('master-3')).toMatch(/a new control plane instance was created[^]*exit code 0\n$/);
      const { publicAddress } = booted.get('master-3') as Booted;
      expect((await ask(publicAddress, '/api/v1/nodes/worker-0')).status).toBe(200);
      expect((await ask(elasticIp, '/api/v1/nodes/master-3')).status).toBe(200);
    }, 900_000);

    test('a worker that was told another hash does not join', async () => {
      expect((await ask(elasticIp, '/api/v1/nodes/worker-distrusting')).status).toBe(404);
      await until('its console says why', () =>
        /none of the public keys .* are pinned/.test(consoleOf('worker-distrusting')),
      );
    }, 300_000);
  });
}
