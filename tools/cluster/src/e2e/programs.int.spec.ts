// The programs, each from its image and its own manifest, started by a real kubelet as nobody, on a read-only root: the cloud controller
// managers before there is a pod network, on a Node that waits for them, and the manager of cluster-api. One cluster for all, in a network
// namespace of its own: simulated clouds give the node addresses that have to lead to it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { isInOwnNetwork, runSpecInOwnNetwork, simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { acquireBinary } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import type { RunningCluster } from '../cluster.ts';
import { clusterProblem } from '../host-check.ts';
import { pauseImage } from '../images/pause-program.ts';
import { startCluster } from '../start-cluster.ts';
import { ClusterView } from './test-support/cluster-view.ts';
import { buildImages, imageOf, inTree, version } from './test-support/images.ts';
import { PROVIDERS } from './test-support/providers.ts';
import type { Cloud } from './test-support/providers.ts';
import { goManifestOf, manifestOf, secondReplica, secretsOf, workloadOf } from './test-support/workloads.ts';
import type { KubeObject } from './test-support/workloads.ts';

const TEST_MS = 300_000;
const CAPI = 'capi-packet-manager';
const problem = clusterProblem();
const apps = [...PROVIDERS.map(({ app }) => app), CAPI];

// What a container may do, said by itself.
const CONFESSION = `
const status = fs.readFileSync('/proc/self/status', 'utf8');
let write; try { fs.writeFileSync('/tmp-file', ''); } catch (error) { write = error.code; }
console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), write,
  capabilities: /CapEff:\\s*(\\w+)/.exec(status)[1], noNewPrivileges: /NoNewPrivs:\\s*(\\d)/.exec(status)[1] }));`;
const NOBODY = {
  ...{ uid: 65532, gid: 65532, write: 'EROFS' },
  ...{ capabilities: '0000000000000000', noNewPrivileges: '1' },
};

if (problem !== undefined) {
  test.skip(`the programs in a cluster (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  // There is no network inside: what has to be built or fetched is so here.
  beforeAll(async () => {
    await buildImages(apps);
    await pauseImage();
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const) {
      await acquireBinary(name);
    }
    for (const name of ['kubelet', 'kubectl'] as const) await acquireBinary(name);
  }, 1_800_000);

  test('the programs in a cluster, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +16 passed, 16 total[^]*exit code 0$/);
  }, 1_800_000);
} else {
  let cluster: RunningCluster;
  let view: ClusterView;

  beforeAll(async () => {
    const onFailure = (error: Error): void => console.error(error.message);
    cluster = await startCluster({ cloudProvider: 'external', network: false, images: apps.map(imageOf), onFailure });
    view = new ClusterView(cluster);
  }, 600_000);
  afterAll(() => cluster?.stop(), 120_000);

  describe.each(PROVIDERS)('$app', (provider) => {
    let cloud: Cloud;
    let objects: readonly KubeObject[];
    let second: KubeObject;
    let goManifest: readonly KubeObject[];

    beforeAll(async () => {
      cloud = await provider.simulate(cluster.hostAddress, cluster.nodeName);
      objects = manifestOf(provider, cloud);
      second = secondReplica(objects);
      goManifest = goManifestOf(provider, cloud, imageIn(workloadOf(objects)));
      await cluster.removeNetwork();
      await cluster.resetNode();
      await view.untilReady('False');
    }, TEST_MS);
    // Also after a failure: an open server would keep the runner alive, and what is left would be in the next one's way.
    afterAll(async () => {
      await cloud.close();
      await view.remove([...goManifest, second, ...objects]);
      await view.untilNoPods();
      await view.forgetLeader();
    }, TEST_MS);

    test(
      'initializes the Node of a kubelet before a CNI is installed: provider ID, addresses, no taint',
      async () => {
        expect((await view.node()).spec.providerID).toBeUndefined();
        await view.apply([...secretsOf(provider, cloud), ...objects]);
        const { spec, status } = await view.untilInitialized();
        expect(spec.providerID).toBe(cloud.providerId);
        expect(status.addresses).toEqual(expect.arrayContaining([{ type: 'Hostname', address: cluster.nodeName }]));
        expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
          status: 'False',
          message: expect.stringMatching(/cni plugin not initialized|network/i),
        });
      },
      TEST_MS,
    );

    test(
      'kubectl logs and exec reach it at the address that it has set; it is nobody, without capabilities, on a read-only root',
      async () => {
        const { status } = await view.node();
        const internal = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP');
        expect(internal.length).toBeGreaterThan(0);
        await view.takeAddresses(internal.map(({ address }) => address));
        const [pod = ''] = await view.untilPodsReady(1);
        expect(await until('kubectl logs', () => view.logs(pod))).toContain('became leader');
        const said = await cluster.kubectl('-n', 'kube-system', 'exec', pod, '--', '/app/node', '-e', CONFESSION);
        expect(JSON.parse(said)).toEqual(NOBODY);
      },
      TEST_MS,
    );

    test(
      'a Service of the type LoadBalancer gets an address',
      async () => {
        await cluster.installNetwork();
        await view.untilReady('True');
        expect(await view.serve(`${provider.app}-one`)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      },
      TEST_MS,
    );

    test(
      'of two replicas the other one takes over when the pod of the leader is deleted',
      async () => {
        const before = await view.leader();
        const [first = ''] = await view.untilPodsReady(1);
        await view.apply([second]);
        const standby = (await view.untilPodsReady(2)).find((name) => name !== first) ?? '';
        expect(await view.leader()).toBe(before);
        await cluster.kubectl('-n', 'kube-system', 'delete', 'pod', first);
        const after = await until('another leader', async () => {
          const now = await view.leader();
          return now !== before && now;
        });
        expect(await view.logs(standby)).toMatch(new RegExp(`became leader.*${after}|${after}.*became leader`));
        expect(await view.serve(`${provider.app}-two`)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        await cluster.kubectl('delete', 'services', `${provider.app}-one`, `${provider.app}-two`, '--timeout=120s');
        expect(cloud.schemaProblems).toEqual([]);
      },
      TEST_MS,
    );

    test(
      "the Go program's manifest with only the image changed starts it: it initializes the Node",
      async () => {
        await view.remove([second, workloadOf(objects)]);
        await view.untilNoPods();
        await cluster.resetNode();
        await view.apply(goManifest);
        expect((await view.untilInitialized()).spec.providerID).toBe(cloud.providerId);
      },
      TEST_MS,
    );
  });

  describe(CAPI, () => {
    let cloud: PacketSimulator;

    beforeAll(async () => {
      cloud = await simulatePacket({ host: cluster.hostAddress, pathPrefix: '/metal/v1', quota: 'off' });
      await cluster.installNetwork();
      await view.untilReady('True');
    }, TEST_MS);
    afterAll(() => cloud.close());

    test(
      'from provider-components.yaml it creates the device of a Machine, as nobody, without capabilities, on a read-only root',
      async () => {
        const folder = path.join(cluster.folder, 'capi');
        const image = `longshore/${CAPI}:v${version}`;
        const env = { PACKET_PROJECT_ID: cloud.projectId, PACKET_API_KEY: cloud.token, PACKET_API_URL: cloud.url };
        const clusterctl = inTree('apps', CAPI, 'dist/clusterctl.js');
        await promisify(execFile)(process.execPath, [clusterctl, 'generate', '--image', image, '--output', folder], {
          env: { PATH: process.env['PATH'], ...env, CLUSTER_NAME: 'one' },
        });
        await cluster.kubectl('apply', '-f', path.join(folder, 'provider-components.yaml'));
        for (const file of ['cluster.yaml', 'machines.yaml']) {
          // The types take a moment to be served.
          await until(`${file} is applied`, () => cluster.kubectl('apply', '-f', path.join(folder, file)));
        }
        const hostnames = (): readonly string[] => [...cloud.state.devices.values()].map(({ hostname }) => hostname);
        await until('the device of the master', () => hostnames().includes('one-master-0'), 240_000);
        expect(cloud.schemaProblems).toEqual([]);
        for (const name of ['cluster-api', 'cluster-api-provider-packet']) {
          const namespace = `${name}-system`;
          const pod = `${name}-controller-manager-0`;
          const said = await cluster.kubectl('-n', namespace, 'exec', pod, '--', '/app/node', '-e', CONFESSION);
          expect(JSON.parse(said)).toEqual(NOBODY);
        }
      },
      TEST_MS,
    );
  });
}

function imageIn(workload: KubeObject): string {
  const { spec } = workload as KubeObject & WithImage;
  return spec.template.spec.containers[0].image;
}

interface WithImage {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [{ readonly image: string }] } };
  };
}
