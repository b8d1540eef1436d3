// The README's manual way: the four files applied with kubectl to one API server, without clusterctl. Devices and Nodes come of it.
// And gone they are with the Cluster; the managers, each under its own account, lack no right and have none in vain.
// In a network namespace of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bootProblem, isInOwnNetwork, runSpecInOwnNetwork } from '@longshore/cloud-simulators';
import { compareRights, kubectlFor } from '@longshore/embedded-control-plane';
import type { KubeClient } from '@longshore/k8s-runtime';
import { clusterSecrets } from '../api/names.ts';
import { GENERIC_PART, PACKET_PART } from '../generate/component-names.ts';
import { secrets } from '../test-support/pods/pod-objects.ts';
import { clientFor, machinesOf, nodesOf } from '../test-support/site/cluster-view.ts';
import { Desk } from '../test-support/site/desk.ts';
import { FORCED_RIGHTS, UNSEEN_RIGHTS, withoutPlace } from '../test-support/site/listed-rights.ts';
import { prepareBinaries } from '../test-support/site/prepare-binaries.ts';
import { ClusterSite } from '../test-support/site/packet-site.ts';
import { until } from '@longshore/reconciler-core/testing';
import { parseAllDocuments } from 'yaml';

const NAME = 'by-hand';
/** As on an API server of former times: caches list before they watch. */
const OLD_WAY = ['--feature-gates=WatchList=false'];
const problem = bootProblem();

if (problem !== undefined) {
  test.skip(`the manual way (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  beforeAll(() => prepareBinaries('1.36', []), 1_200_000);

  test('the manual way, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +2 passed, 2 total[^]*exit code 0$/);
  }, 1_200_000);
} else {
  let site: ClusterSite;
  let desk: Desk;

  beforeAll(async () => {
    site = await ClusterSite.start([], OLD_WAY);
    desk = new Desk(path.join(site.folder, 'desk'));
  }, 300_000);
  afterAll(() => site?.stop(), 120_000);

  const kubeconfigOf = (): Promise<string> =>
    until(
      'the kubeconfig is in its Secret',
      async () => {
        const key = { namespace: 'default', name: clusterSecrets.kubeconfig(NAME) };
        const secret = await site.bootstrapClient.get(secrets, key);
        return Buffer.from(secret?.data?.['value'] ?? '', 'base64').toString();
      },
      300_000,
    );

  describe('the manual way', () => {
    test('kubectl apply of the four files: a master and a worker, as devices and as Nodes', async () => {
      const made = await desk.generate({ ...site.env, CLUSTER_NAME: NAME });
      if (made.code !== 0) throw new Error(made.output);
      const kubectl = await kubectlFor(site.bootstrap);
      const { components, cluster, machines, addons } = desk.files;
      for (const file of [components, cluster, machines, addons]) {
        // The types take a moment to be served.
        await until(`${path.basename(file)} is applied`, () => kubectl('apply', '-f', file));
      }
      const file = path.join(site.folder, 'kubeconfig');
      writeFileSync(file, await kubeconfigOf(), { mode: 0o600 });
      const target: KubeClient = await clientFor(file);
      const names = await until(
        'both are Nodes',
        async () => {
          const found = (await nodesOf(target)).map(({ metadata }) => metadata?.name).sort();
          return found.length === 2 ? found : undefined;
        },
        400_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${site.logs}`);
      });
      const devices = [...site.packet.simulator.state.devices.values()].map(({ hostname }) => hostname).sort();
      expect(names).toEqual(devices);
      await until('both Machines know their Nodes', async () => {
        const all = await machinesOf(site.bootstrapClient);
        return all.length === 2 && all.every(({ status }) => names.includes(status?.nodeRef?.name));
      });
    }, 1_000_000);

    test('with the Cluster all is gone; each manager used the rights that it has, and was refused none', async () => {
      const kubectl = await kubectlFor(site.bootstrap);
      await kubectl('delete', `clusters.cluster.k8s.io/${NAME}`, '--timeout=300s');
      await until('no Machine is left', async () => (await machinesOf(site.bootstrapClient)).length === 0);
      expect(site.packet.simulator.state.devices.size).toBe(0);
      const events = await site.bootstrap.auditEvents();
      const manifests = parseAllDocuments(readFileSync(desk.files.components, 'utf8')).map(
        (document) => document.toJS() as object,
      );
      for (const part of [PACKET_PART, GENERIC_PART]) {
        const account = { namespace: part.namespace, name: part.account };
        const { granted, idle, refused } = compareRights(manifests, account, events);
        // Which of the listed rights are used all the same is a matter of who is faster, so that is not looked at.
        const listed: readonly string[] = [...FORCED_RIGHTS[part.controllers], ...UNSEEN_RIGHTS[part.controllers]];
        const isListed = (right: string): boolean => listed.includes(withoutPlace(right));
        expect({ refused, idle: idle.filter((right) => !isListed(right)) }).toEqual({ refused: [], idle: [] });
        expect(listed.filter((right) => !granted.map(withoutPlace).includes(right))).toEqual([]);
      }
    }, 600_000);
  });
}
