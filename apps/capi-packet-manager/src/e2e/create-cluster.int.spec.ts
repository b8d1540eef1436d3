// The whole of it: generate-yaml.sh, clusterctl create cluster with an existing bootstrap cluster, a real API server on a simulated
// device, clusterctl and the manager killed while it boots, the pivot, workers that packet-ccm initializes, a lost server, another
// version, other sizes, and nothing left at the end.
// One site for all tests, which stand on each other in their order. In a network namespace of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bootProblem, isInOwnNetwork, runSpecInOwnNetwork } from '@longshore/cloud-simulators';
import type { KubeClient } from '@longshore/k8s-runtime';
import { parse } from 'yaml';
import { conditionOf, conditionTypes } from '../api/conditions.ts';
import { clusterSecrets } from '../api/names.ts';
import { clusters } from '../api/resources.ts';
import {
  changeDeployment,
  clientFor,
  machinesOf,
  observeWorkers,
  watchWorkers,
} from '../test-support/site/cluster-view.ts';
import { secrets } from '../test-support/pods/pod-objects.ts';
import type { CommandResult } from '../test-support/site/command.ts';
import { Desk } from '../test-support/site/desk.ts';
import { prepareBinaries } from '../test-support/site/prepare-binaries.ts';
import { ClusterSite } from '../test-support/site/packet-site.ts';
import { until } from '@longshore/reconciler-core/testing';

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
}

const FIRST_VERSION = '1.35.4';
const NEXT_VERSION = '1.36.3';
const NAME = 'harbour';
const SSH_KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${'I'.repeat(43)} harbour master\n`;
const problem = bootProblem();

if (problem !== undefined) {
  test.skip(`a cluster from its files to its end (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  beforeAll(() => prepareBinaries('1.36', ['1.35']), 1_200_000);

  test('a cluster from its files to its end, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +9 passed, 9 total[^]*exit code 0$/);
  }, 1_500_000);
} else {
  let site: ClusterSite;
  let target: KubeClient;
  let kubeconfig: string;
  let desk: Desk;

  const deviceNames = (): readonly string[] =>
    [...site.packet.simulator.state.devices.values()].map(({ hostname }) => hostname).sort();

  /** The workers are so many devices, Machines and initialized Nodes, and nothing is under way. */
  const workersAre = (count: number, version?: string): Promise<boolean> =>
    until(
      `there are ${count} workers${version === undefined ? '' : ` of version ${version}`}, whole`,
      async () => {
        const { machines, nodes, whole, available } = await observeWorkers(target, version);
        const devices = site.packet.simulator.state.devices.size;
        const isSettled = [machines, nodes, devices].every((number) => number === count + 1);
        return isSettled && whole === count && available === count;
      },
      300_000,
    );

  beforeAll(async () => {
    site = await ClusterSite.start(['1.35']);
    desk = new Desk(path.join(site.folder, 'desk'));
    kubeconfig = path.join(site.folder, 'kubeconfig');
  }, 300_000);

  afterAll(async () => {
    if (site !== undefined && process.env['LONGSHORE_TEST_KEEP']) {
      writeFileSync(path.join(site.folder, 'logs'), site.logs);
    }
    await site?.stop();
  }, 120_000);

  // Each step stands on those before it.
  let failed: string | undefined;
  const step = (name: string, work: () => Promise<void>, limitMs = 60_000): void =>
    test(
      name,
      async () => {
        if (failed !== undefined) throw new Error(`not tried, because this failed: ${failed}`);
        failed = name;
        await work();
        failed = undefined;
      },
      limitMs,
    );

  describe('a cluster from its files to its end', () => {
    step(
      'generate-yaml.sh writes the four files',
      async () => {
        const key = path.join(site.folder, 'id_ed25519.pub');
        writeFileSync(key, SSH_KEY);
        const made = await desk.generate({ ...site.env, CLUSTER_NAME: NAME, FACILITY: 'ewr1', SSH_KEY: key });
        expect(made).toMatchObject({ code: 0, output: expect.stringContaining(`Your cluster name is '${NAME}'`) });
        expect(Object.values(desk.files).map((file) => existsSync(file))).toEqual([true, true, true, true]);
        // Two workers of the older version, so that there is something to update.
        desk.editWorkers({ replicas: 2, version: FIRST_VERSION });
      },
      120_000,
    );

    const create = (signal?: AbortSignal): Promise<CommandResult> => {
      const { files } = desk;
      const flags = ['-c', files.cluster, '-m', files.machines, '-p', files.components, '-a', files.addons];
      const existing = ['-e', site.bootstrap.kubeconfigPath, '--kubeconfig-out', kubeconfig];
      const args = ['create', 'cluster', '--provider', 'packet', ...flags, ...existing];
      return site.clusterctl(args, signal === undefined ? {} : { signal, endBy: 'SIGKILL' });
    };
    const authority = async (): Promise<string> => {
      const key = { namespace: 'default', name: clusterSecrets.ca(NAME) };
      return (await site.bootstrapClient.get(secrets, key))?.data?.['tls.crt'] ?? '';
    };
    let firstAuthority: string;

    step(
      'CA row P3 CA row M6 clusterctl and the manager are killed while the master boots',
      async () => {
        const death = new AbortController();
        const running = create(death.signal);
        const boots = ({ id }: { readonly id: string }): boolean => site.packet.firstBootOf(id) !== 'none';
        const booting = until('the master boots', () => site.packet.simulator.state.deviceHistory.some(boots), 300_000);
        const ended = await Promise.race([running, booting.then(() => undefined)]);
        if (ended !== undefined) throw new Error(`${ended.output}\n${site.logs}`);
        firstAuthority = await authority();
        death.abort();
        expect(await site.killManagers()).toBeGreaterThan(0);
        expect(await running).toMatchObject({ code: null });
        expect(firstAuthority).not.toBe('');
      },
      400_000,
    );

    step(
      'the same command again: that master, whose API server answers, managers that moved there, workers',
      async () => {
        // Someone runs the pods of the new cluster as soon as there is one.
        const ended = new AbortController();
        const isTime = (): boolean => ended.signal.aborted || existsSync(kubeconfig);
        const hosting = until('there is a kubeconfig', isTime, 800_000).then(async () => {
          if (!existsSync(kubeconfig)) return;
          target = await clientFor(kubeconfig);
          await site.hostPodsOf(target);
        });
        const created = await create();
        ended.abort();
        await hosting;
        if (created.code !== 0) throw new Error(`${created.output}\n${site.logs}`);
        const masters = site.packet.simulator.state.deviceHistory.filter(
          ({ hostname }) => hostname === `${NAME}-master-0`,
        );
        expect(masters).toHaveLength(1);
        const served = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
        expect(served.clusters[0]?.cluster['certificate-authority-data']).toBe(firstAuthority);
        expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
        const { body } = await target.raw({ method: 'GET', path: '/version' });
        expect(JSON.parse(body)).toMatchObject({ gitVersion: `v${NEXT_VERSION}` });
        // The types that clusterctl brought there go, too, at the API server's own pace.
        const left = await site.bootstrapClient.raw({ method: 'GET', path: '/apis/cluster.k8s.io/v1alpha1/clusters' });
        expect(left.status === 404 ? [] : (JSON.parse(left.body) as { items: unknown[] }).items).toEqual([]);
        const [cluster] = (await target.list(clusters)).items;
        const [endpoint, ...others] = cluster?.status?.apiEndpoints ?? [];
        expect(new URL(target.server)).toMatchObject({ hostname: endpoint?.host, port: '6443' });
        expect(others).toEqual([]);
      },
      900_000,
    );

    step(
      'every Machine is a device and a Node of its name, which packet-ccm initialized',
      async () => {
        await workersAre(2, FIRST_VERSION);
        const machines = await machinesOf(target);
        expect(machines.map(({ metadata }) => metadata?.name).sort()).toEqual(deviceNames());
        for (const { metadata, spec, status } of machines) {
          const device = [...site.packet.simulator.state.devices.values()].find(
            (one) => one.hostname === metadata?.name,
          );
          expect(spec?.providerID).toBe(`packet://${device?.id}`);
          expect(status?.nodeRef?.name).toBe(metadata?.name);
          expect(conditionOf(status, conditionTypes.nodeReady)?.status).toBe('True');
        }
        const checked = await site.clusterctl(['validate', 'cluster', '--kubeconfig', kubeconfig]);
        expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('PASS') });
      },
      400_000,
    );

    step(
      'a device that is deleted behind its back is replaced',
      async () => {
        const before = deviceNames();
        const lost = [...site.packet.simulator.state.devices.values()].find(({ hostname }) =>
          hostname.startsWith(`${NAME}-node`),
        );
        site.packet.simulator.removeDevice(lost?.id ?? '');
        await until(
          'it is noticed',
          () => !deviceNames().includes(lost?.hostname ?? '') && deviceNames().length === 3,
          300_000,
        );
        await workersAre(2, FIRST_VERSION);
        expect(deviceNames()).not.toEqual(before);
      },
      700_000,
    );

    step(
      'another version: never more machines than the surge allows, never fewer at work than it must be',
      async () => {
        const watch = await watchWorkers(target);
        await changeDeployment(target, { template: { spec: { versions: { kubelet: NEXT_VERSION } } } });
        await workersAre(2, NEXT_VERSION);
        const moments = await watch.stop();
        expect(moments.length).toBeGreaterThan(3);
        expect(Math.max(...moments.map(({ count }) => count))).toBe(3);
        expect(Math.min(...moments.map(({ ready }) => ready))).toBe(2);
      },
      900_000,
    );

    step(
      'more workers, and none',
      async () => {
        await changeDeployment(target, { replicas: 5 });
        await workersAre(5, NEXT_VERSION);
        await changeDeployment(target, { replicas: 0 });
        await workersAre(0);
        await changeDeployment(target, { replicas: 1 });
        await workersAre(1, NEXT_VERSION);
      },
      900_000,
    );

    step('no key is in any log', async () => {
      const { token } = site.packet.simulator;
      expect(site.logs).not.toContain(token);
      expect(site.logs).not.toMatch(/PRIVATE KEY-----\n[A-Za-z0-9+/]{20}/);
    });

    step(
      'clusterctl delete cluster leaves no device, address or Secret',
      async () => {
        const flags = ['--kubeconfig', kubeconfig, '-p', desk.files.components, '-e', site.bootstrap.kubeconfigPath];
        const deleted = await site.clusterctl(['delete', 'cluster', ...flags]);
        if (deleted.code !== 0) throw new Error(`${deleted.output}\n${site.logs}`);
        expect(deviceNames()).toEqual([]);
        expect(
          [...site.packet.simulator.state.reservations.values()].filter(({ tags }) => (tags?.length ?? 0) > 0),
        ).toEqual([]);
        const { body } = await site.bootstrapClient.raw({ method: 'GET', path: '/api/v1/secrets' });
        const { items } = JSON.parse(body) as {
          readonly items: readonly { readonly metadata: { readonly name: string } }[];
        };
        expect(items.map(({ metadata }) => metadata.name)).toEqual([]);
      },
      900_000,
    );
  });
}
