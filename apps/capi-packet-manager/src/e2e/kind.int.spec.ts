// The README's command line, word for word, with a stand-in `kind` whose cluster is our control plane: a run that fails keeps it, the same
// command again goes on, and only then it is deleted. In a network namespace of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bootProblem, isInOwnNetwork, runSpecInOwnNetwork } from '@longshore/cloud-simulators';
import { clientFor, nodesOf } from '../test-support/site/cluster-view.ts';
import { runCommand } from '../test-support/site/command.ts';
import { Desk } from '../test-support/site/desk.ts';
import { longRunsOnly } from '../test-support/site/long-runs.ts';
import { prepareBinaries } from '../test-support/site/prepare-binaries.ts';
import { ClusterSite } from '../test-support/site/packet-site.ts';
import { builtProgram } from '../test-support/site/programs.ts';
import { until } from '@longshore/reconciler-core/testing';

const COMMAND = `./bin/clusterctl create cluster \\
    --provider packet \\
    --bootstrap-type kind \\
    -c ./out/packet/cluster.yaml \\
    -m ./out/packet/machines.yaml \\
    -p ./out/packet/provider-components.yaml \\
    -a ./out/packet/addons.yaml`;
const problem = bootProblem() ?? longRunsOnly();

if (problem !== undefined) {
  test.skip(`the command of the README (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  beforeAll(() => prepareBinaries('1.36', []), 1_200_000);

  test('the command of the README, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +2 passed, 2 total[^]*exit code 0$/);
  }, 1_200_000);
} else {
  let site: ClusterSite;
  let desk: Desk;
  let tools: string;

  /** `kind` as far as clusterctl knows it; what it was asked for is in a file. */
  function installKind(folder: string): void {
    mkdirSync(folder);
    const made = path.join(folder, 'made');
    const script = `#!/bin/sh
echo "$*" >> ${folder}/asked
case "$1 $2" in
  'get clusters') if [ -e ${made} ]; then echo clusterapi; else echo 'No kind clusters found.' >&2; fi ;;
  'create cluster')
    while [ $# -gt 0 ]; do case $1 in --kubeconfig) cp ${site.bootstrap.kubeconfigPath} "$2"; shift ;; esac; shift; done
    touch ${made} ;;
  'delete cluster') rm ${made} ;;
  *) echo "kind: $*: not known" >&2; exit 1 ;;
esac
`;
    writeFileSync(path.join(folder, 'kind'), script);
    chmodSync(path.join(folder, 'kind'), 0o755);
  }

  const askedOfKind = (): readonly string[] =>
    readFileSync(path.join(tools, 'asked'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '));

  const runSeedCommand = (env: Readonly<Record<string, string>> = {}) =>
    runCommand(['sh', '-c', COMMAND], {
      cwd: desk.folder,
      env: {
        ...site.env,
        ...env,
        HOME: site.folder,
        PATH: `${tools}:${process.env['PATH']}`,
        LONGSHORE_CACHE: process.env['LONGSHORE_CACHE'] ?? `${process.env['HOME']}/.cache/longshore`,
      },
    });

  beforeAll(async () => {
    site = await ClusterSite.start();
    desk = new Desk(path.join(site.folder, 'desk'));
    tools = path.join(site.folder, 'tools');
    installKind(tools);
    mkdirSync(path.join(desk.folder, 'bin'));
    const program = path.join(desk.folder, 'bin/clusterctl');
    writeFileSync(program, `#!/bin/sh\nexec ${builtProgram('capi-packet-manager', 'clusterctl.js').join(' ')} "$@"\n`);
    chmodSync(program, 0o755);
    const key = path.join(site.folder, 'id.pub');
    writeFileSync(key, `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${'I'.repeat(43)} me\n`);
    const made = await desk.generate({ ...site.env, CLUSTER_NAME: 'seed', SSH_KEY: key });
    if (made.code !== 0) throw new Error(made.output);
  }, 300_000);

  afterAll(() => site?.stop(), 120_000);

  describe('the command of the README', () => {
    test('a run that fails says what exists and how to go on, and keeps the cluster that kind made', async () => {
      site.packet.simulator.fail({
        match: { method: 'POST', path: '/projects/{id}/devices' },
        status: 503,
        times: Number.POSITIVE_INFINITY,
      });
      const failed = await runSeedCommand({ CLUSTER_API_MACHINE_READY_TIMEOUT: '1' });
      expect(failed.code).toBe(1);
      expect(failed.output).toMatch(/Servers: none exists\.[^]*To go on: the same command again/);
      expect(askedOfKind()).toContain('create cluster');
      expect(askedOfKind()).not.toContain('delete cluster');
      site.packet.simulator.clearFaults();
    }, 400_000);

    test('the same command again makes the cluster, one set of servers, and then deletes what kind made', async () => {
      const kubeconfig = path.join(desk.folder, 'kubeconfig');
      const ended = new AbortController();
      const hosting = until(
        'there is a kubeconfig',
        () => ended.signal.aborted || existsSync(kubeconfig),
        800_000,
      ).then(async () => (existsSync(kubeconfig) ? site.hostPodsOf(await clientFor(kubeconfig)) : undefined));
      const created = await runSeedCommand();
      ended.abort();
      await hosting;
      if (created.code !== 0) throw new Error(`${created.output}\n${site.logs}`);
      expect(askedOfKind().filter((line) => line === 'create cluster')).toHaveLength(1);
      expect(askedOfKind().at(-1)).toBe('delete cluster');
      const names = [...site.packet.simulator.state.devices.values()].map(({ hostname }) => hostname).sort();
      expect(names).toEqual([expect.stringMatching(/^seed-master-0$/), expect.stringMatching(/^seed-node-/)]);
      const nodes = await nodesOf(await clientFor(kubeconfig));
      expect(nodes.map(({ metadata }) => metadata?.name).sort()).toEqual(names);
      expect(site.packet.simulator.state.deviceHistory).toHaveLength(2);
    }, 900_000);
  });
}
