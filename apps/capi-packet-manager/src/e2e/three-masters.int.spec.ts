// High availability: three control plane machines behind an elastic IP, and one of them replaced. Applied to one API server by
// kubectl. In a network namespace of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bootProblem, isInOwnNetwork, runSpecInOwnNetwork } from '@longshore/cloud-simulators';
import { kubectlFor } from '@longshore/embedded-control-plane';
import type { Kubectl } from '@longshore/embedded-control-plane';
import type { KubeClient } from '@longshore/k8s-runtime';
import { parseAllDocuments } from 'yaml';
import { clusterSecrets } from '../api/names.ts';
import { pods, secrets } from '../test-support/pods/pod-objects.ts';
import { clientFor, machinesOf, nodesOf } from '../test-support/site/cluster-view.ts';
import { Desk } from '../test-support/site/desk.ts';
import { longRunsOnly } from '../test-support/site/long-runs.ts';
import { prepareBinaries } from '../test-support/site/prepare-binaries.ts';
import { ClusterSite } from '../test-support/site/packet-site.ts';
import { until } from '@longshore/reconciler-core/testing';

const NAME = 'three';
const problem = bootProblem() ?? longRunsOnly();

if (problem !== undefined) {
  test.skip(`three control plane machines (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  beforeAll(() => prepareBinaries('1.36', []), 1_200_000);

  test('three control plane machines, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +2 passed, 2 total[^]*exit code 0$/);
  }, 1_800_000);
} else {
  let site: ClusterSite;
  let desk: Desk;
  let kubectl: Kubectl;
  let target: KubeClient;
  let masterText: string;

  const masterFile = (index: number): string => {
    const file = path.join(site.folder, `master-${index}.yaml`);
    writeFileSync(file, masterText.replaceAll(`${NAME}-master-0`, `${NAME}-master-${index}`));
    return file;
  };

  /** These and no others are control plane Nodes, members of etcd and Machines. */
  const mastersAre = (indexes: readonly number[]): Promise<unknown> => {
    const names = indexes.map((index) => `${NAME}-master-${index}`);
    const isSame = (found: readonly (string | undefined)[]): boolean => found.toSorted().join() === names.join();
    return until(
      `the masters are ${names.join(', ')}`,
      async () => {
        const nodes = (await nodesOf(target)).filter(
          ({ metadata }) => metadata?.labels?.['node-role.kubernetes.io/control-plane'] !== undefined,
        );
        const etcd = await target.list(pods, { namespace: 'kube-system', labelSelector: 'component=etcd' });
        const machines = (await machinesOf(site.bootstrapClient)).filter(({ status }) => status?.nodeRef !== undefined);
        return (
          isSame(nodes.map(({ metadata }) => metadata?.name)) &&
          isSame(etcd.items.map(({ spec }) => spec?.nodeName)) &&
          isSame(machines.map(({ metadata }) => metadata?.name)) &&
          isSame([...site.packet.simulator.state.devices.values()].map(({ hostname }) => hostname))
        );
      },
      600_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${site.logs}`);
    });
  };

  beforeAll(async () => {
    site = await ClusterSite.start();
    desk = new Desk(path.join(site.folder, 'desk'));
    kubectl = await kubectlFor(site.bootstrap);
    const made = await desk.generate({ ...site.env, CLUSTER_NAME: NAME });
    if (made.code !== 0) throw new Error(made.output);
    const [cluster] = parseAllDocuments(readFileSync(desk.files.cluster, 'utf8'));
    cluster?.setIn(['spec', 'providerSpec', 'value', 'controlPlaneEndpoint'], { type: 'elasticIP' });
    writeFileSync(desk.files.cluster, String(cluster));
    masterText = String(
      parseAllDocuments(readFileSync(desk.files.machines, 'utf8')).find((one) => one.get('kind') === 'Machine'),
    );
  }, 300_000);

  afterAll(() => site?.stop(), 120_000);

  describe('three control plane machines', () => {
    test('join one after the other, behind an elastic IP', async () => {
      const files = [desk.files.components, desk.files.cluster, masterFile(0), masterFile(1), masterFile(2)];
      for (const file of files) await until(`${path.basename(file)} is applied`, () => kubectl('apply', '-f', file));
      const kubeconfig = await until(
        'the kubeconfig is in its Secret',
        async () => {
          const key = { namespace: 'default', name: clusterSecrets.kubeconfig(NAME) };
          const secret = await site.bootstrapClient.get(secrets, key);
          return Buffer.from(secret?.data?.['value'] ?? '', 'base64').toString();
        },
        300_000,
      );
      const file = path.join(site.folder, 'kubeconfig');
      writeFileSync(file, kubeconfig, { mode: 0o600 });
      target = await clientFor(file);
      await mastersAre([0, 1, 2]);
      const elastic = [...site.packet.simulator.state.reservations.values()].map(({ address }) => address);
      expect(elastic).toContain(new URL(target.server).hostname);
    }, 1_000_000);

    test('the one that began the cluster, and has the elastic IP, can be replaced', async () => {
      const [first] = site.packet.simulator.state.deviceHistory;
      const index = Number(first?.hostname.at(-1));
      await kubectl('delete', 'machines.cluster.k8s.io', `${NAME}-master-${index}`, '--wait=false');
      const left = [0, 1, 2].filter((other) => other !== index);
      await mastersAre(left);
      await kubectl('apply', '-f', masterFile(3));
      await mastersAre([...left, 3]);
      const { status } = await target.raw({ method: 'GET', path: '/readyz' });
      expect(status).toBe(200);
    }, 1_500_000);
  });
}
