// clusterctl, the built program, against two real API servers that are started once: the README's command line, killed at every boundary of
// its phases and at writes of the move; then `delete cluster`, killed as well. Whatever the moment, the same command again comes to the same
// end: one set of servers, one CA, never two managers at work, a bootstrap cluster that is deleted after success only. A few writes of each
// kind in `npm test`, all in `npm run test:long`. With real managers and machines: e2e/create-cluster.int.spec.ts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { kubectlFor } from '@longshore/embedded-control-plane';
import { configMaps, connect } from '@longshore/k8s-runtime';
import type { KubeObject } from '@longshore/k8s-runtime';
import { until } from '@longshore/reconciler-core/testing';
import { annotations, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { clusters, machineDeployments, machines } from '../../api/resources.ts';
import { kubeconfigText } from '../../bootstrap/kubeconfig.ts';
import { runCommand } from '../../test-support/site/command.ts';
import { failuresOf, sliceOf } from '../../test-support/interruption/cases.ts';
import { longRunsOnly } from '../../test-support/site/long-runs.ts';
import { anyType, namespaces, secrets } from '../kube-kinds.ts';
import { listAll } from '../pivot/observe-content.ts';
import { PlayedManager } from '../test-support/played-manager.ts';
import { PlayedSite } from '../test-support/played-site.ts';
import type { Death, SeenWrite, SiteCheckpoint, SiteRun } from '../test-support/played-site.ts';

const SEED = [
  './bin/clusterctl create cluster',
  '--provider packet',
  '--bootstrap-type kind',
  '-c ./out/packet/cluster.yaml',
  '-m ./out/packet/machines.yaml',
  '-p ./out/packet/provider-components.yaml',
  '-a ./out/packet/addons.yaml',
].join(' ');
const DELETE =
  './bin/clusterctl delete cluster --kubeconfig kubeconfig -p ./out/packet/provider-components.yaml -e bootstrap.kubeconfig';
const PHASES = [
  'Preflight',
  'Bootstrap cluster',
  'Bootstrap-only components',
  'Provider components',
  'Cluster',
  'Control plane machine',
  'Endpoint',
  'Kubeconfig',
  'API server of the new cluster',
  'Add-ons',
  'Move to the new cluster',
  'Components for later',
  'The managers of the new cluster at work',
  'Machines',
  'Clean up',
];
const PACKAGES = path.resolve(import.meta.dirname, '../../../../../packages');
const MATRIX_MS = 3 * 3_600_000;
const isLong = longRunsOnly() === undefined;
const signal = new AbortController().signal;

let site: PlayedSite;
let empty: SiteCheckpoint;
let beforeMove: SiteCheckpoint;
let created: SiteCheckpoint;

beforeAll(async () => {
  site = await PlayedSite.start();
  empty = await site.checkpoint();
}, 600_000);

afterAll(() => site?.stop(), 120_000);

const namesOf = (all: readonly KubeObject[]): readonly string[] =>
  all.map(({ metadata }) => metadata?.name ?? '').sort();

/** Everything is on the new cluster, once; nothing of it on the other one; both managers never worked together. */
async function expectCreated(madeBefore = 0): Promise<void> {
  const { bootstrap, target, world } = site;
  await until('the worker has a device', () => site.devices.includes('web-node-0'));
  expect(world.made.toSorted()).toEqual(['web-master-0', 'web-node-0']);
  expect(site.devices).toEqual(['web-master-0', 'web-node-0']);
  expect(world.authorities).toHaveLength(1 - madeBefore);
  expect(world.collisions).toEqual([]);
  const arrived = [...(await listAll(target, clusters, { signal })), ...(await listAll(target, machines, { signal }))];
  expect(namesOf(arrived)).toEqual(['web', 'web-master-0', 'web-node-0']);
  for (const { metadata = {} } of arrived) expect(metadata.annotations?.[annotations.moving]).toBeUndefined();
  for (const type of [anyType(clusters), anyType(machines), anyType(machineDeployments), anyType(secrets)])
    expect(namesOf(await listAll(bootstrap, type, { namespace: 'default', signal }))).toEqual([]);
  expect(namesOf(await listAll(target, secrets, { namespace: 'default', signal }))).toEqual([
    'web-ca',
    'web-kubeconfig',
  ]);
  const sealing = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
  expect((await target.get(secrets, sealing))?.data).toEqual((await bootstrap.get(secrets, sealing))?.data);
}

const deletions = (): readonly string[] => site.kindCalls.filter((line) => line.startsWith('delete'));

/** Kills a run, looks at what must hold at any moment, and lets the same command come to its end. */
async function killAndRepeat(command: string, death: Death, title: string): Promise<void> {
  const killed = await site.run(command, death);
  expect(`${title}: ${killed.code}`).toBe(`${title}: null`);
  expect(site.world.collisions).toEqual([]);
  const again = await site.run(command);
  if (again.code !== 0) throw new Error(`${title}: exit code ${again.code}\n${killed.output}\n---\n${again.output}`);
}

/** A write of a whole run; the killed one need not come to the same. */
interface Moment {
  readonly at: number;
  readonly isDone: boolean;
  readonly write: string;
}

/** As many of the writes as there is time for, the first and the last among them; each before or after it was done (all: both). */
function momentsOf({ writes }: SiteRun, cases: number): readonly Moment[] {
  const moment = (at: number, isDone: boolean): Moment => {
    const { side, method, path } = writes[at - 1] as SeenWrite;
    return { at, isDone, write: `${method} ${path} on the ${side} cluster` };
  };
  if (isLong) return sliceOf(writes.flatMap((_, index) => [false, true].map((isDone) => moment(index + 1, isDone))));
  const step = (writes.length - 1) / (cases - 1);
  return Array.from({ length: cases }, (_, index) => moment(Math.round(1 + index * step), index % 2 === 1));
}

/** Kills a run of the command at each of these moments, which all begin alike, and lets it come to its end. */
async function expectSame(
  command: string,
  moments: readonly Moment[],
  { rewind, expectEnd }: { readonly rewind: () => Promise<void>; readonly expectEnd: () => Promise<void> },
): Promise<void> {
  const failures = await failuresOf([site], moments, async (_, { at, isDone, write }) => {
    await rewind();
    const title = `killed ${isDone ? 'after' : 'before'} write ${at}, ${write}`;
    await killAndRepeat(command, { atWrite: (_write, index) => index === at, isDone }, title);
    await expectEnd();
  });
  expect(failures).toEqual([]);
}

const isFirstOfMove = ({ side, method, path, contentType }: SeenWrite): boolean =>
  side === 'bootstrap' && method === 'PATCH' && path.includes('/clusters/web') && contentType.includes('merge-patch');

describe('create cluster with kind', () => {
  test('CA row P2 a phase that fails: exit code 1, the kind cluster is kept', async () => {
    // No manager works yet, so the first Machine waits in vain.
    const { code, output } = await site.run(SEED, {}, { CLUSTER_API_MACHINE_READY_TIMEOUT: '0.001' });
    expect(output).toMatch(/waited 0\.001 min for Machine default\/web-master-0/);
    expect(output).toContain('To go on: the same command again.');
    expect(code).toBe(1);
    expect(existsSync(site.path('kind.made'))).toBe(true);
  }, 300_000);

  test('CA row P3 killed at every boundary of its phases, one after the other: the bootstrap cluster is kept until the last', async () => {
    await site.rewind(empty);
    for (const title of PHASES) {
      const isMove = title === 'Move to the new cluster';
      const death: Death = isMove ? { atWrite: isFirstOfMove } : { atOutput: new RegExp(`==> ${title}\n`) };
      const { code, output } = await site.run(SEED, death);
      if (code !== null) throw new Error(`${title}: exit code ${code}\n${output}`);
      if (isMove) {
        await site.rest();
        beforeMove = await site.checkpoint();
        site.play();
      }
      if (title !== 'Clean up') expect(deletions()).toEqual([]);
    }
    const { code, output } = await site.run(SEED);
    expect(`${output}\nexit ${code}`).toMatch(/Cluster default\/web is ready[^]*exit 0$/);
    await expectCreated();
    expect(deletions()).toHaveLength(1);
    expect(site.kindCalls.filter((line) => line.startsWith('create'))).toHaveLength(1);
    expect(existsSync(site.path('kind.made'))).toBe(false);
    await site.rest();
    created = await site.checkpoint();
    site.play();
  }, 600_000);

  test('CA row P1 the kubeconfig is 0600, and no key is printed or kept in the ConfigMap for later', async () => {
    expect(statSync(site.path('kubeconfig')).mode & 0o777).toBe(0o600);
    const saved = await site.target.get(configMaps, { namespace: 'default', name: 'clusterctl' });
    expect(saved?.data?.['provider-components']).not.toContain(site.cloud.token);
    const { code, output } = await site.run(SEED);
    expect(output).toContain('was created by an earlier run; nothing to do');
    expect(output).not.toContain(site.cloud.token);
    expect(code).toBe(0);
  }, 120_000);

  test('describe and validate of the new cluster', async () => {
    const described = await site.run('./bin/clusterctl describe cluster --kubeconfig kubeconfig');
    expect(described).toMatchObject({
      code: 0,
      output: expect.stringContaining('├─MachineDeployment/web-node  1 of 1 available'),
    });
    const validated = await site.run('./bin/clusterctl validate cluster --kubeconfig kubeconfig');
    expect(validated.output).toContain('Checking cluster object "web"... PASS');
    expect(validated.output).toContain('Checking machine object "web-master-0"... FAIL');
    expect(validated.code).toBe(1);
  }, 120_000);

  test(
    'CA row P4 killed at writes of the move and after it, and run again: the same end',
    async () => {
      await site.rewind(beforeMove);
      const whole = await site.run(SEED);
      expect(whole.code).toBe(0);
      await expectCreated(1);
      expect(whole.writes.length).toBeGreaterThan(40);
      await expectSame(SEED, momentsOf(whole, 4), {
        rewind: () => site.rewind(beforeMove),
        expectEnd: async () => {
          expect(deletions()).toHaveLength(1);
          await expectCreated(1);
        },
      });
    },
    MATRIX_MS,
  );

  (isLong ? test : test.skip)(
    'CA row P3 killed at every write before the move, and run again: the same end',
    async () => {
      await site.rewind(empty);
      const { writes, ...whole } = await site.run(SEED, { atWrite: isFirstOfMove });
      const moments = momentsOf({ ...whole, writes: writes.slice(0, -1) }, writes.length);
      await expectSame(SEED, moments, {
        rewind: () => site.rewind(empty),
        expectEnd: async () => {
          expect(deletions()).toHaveLength(1);
          await expectCreated();
        },
      });
    },
    MATRIX_MS,
  );
});

describe('delete cluster', () => {
  /** The cluster as it was made, and a bootstrap cluster that was never used. */
  async function rewind(): Promise<void> {
    await site.rewind({ ...created, etcd: [empty.etcd[0]!, created.etcd[1]!], hasTypes: [false, true] });
    rmSync(site.path('kind.deleted'), { force: true });
  }

  async function expectDeleted(): Promise<void> {
    expect(site.devices).toEqual([]);
    expect(site.world.collisions).toEqual([]);
    const left = await listAll(site.bootstrap, secrets, { signal });
    expect(namesOf(left)).toEqual([]);
    expect(await listAll(site.bootstrap, clusters, { signal })).toEqual([]);
    expect(await site.bootstrap.get(namespaces, { name: 'default' })).toBeDefined();
  }

  test(
    'CA row P12 from an existing bootstrap cluster, which stays as it was; killed at writes and run again: nothing is left',
    async () => {
      await rewind();
      const whole = await site.run(DELETE);
      expect(`${whole.output}\nexit ${whole.code}`).toMatch(/Cluster default\/web is deleted[^]*exit 0$/);
      await expectDeleted();
      await expectSame(DELETE, momentsOf(whole, 2), { rewind, expectEnd: expectDeleted });
    },
    MATRIX_MS,
  );
});

// A program of its own, as a user would write it: this one must not depend on the library.
const LIST_NAMESPACES = `
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
const config = new KubeConfig();
config.loadFromFile(process.argv[1]);
const { items } = await config.makeApiClient(CoreV1Api).listNamespace();
console.log(items.map(({ metadata }) => metadata.name).join());
`;

test('CA row R10 the kubeconfig of a cluster works in kubectl and in @kubernetes/client-node', async () => {
  const plane = site.targetPlane;
  const { certPem, keyPem } = await plane.createClientCertificate('kubernetes-admin', ['system:masters']);
  const { server, caCertPem, folder } = plane;
  const file = site.path('admin.kubeconfig');
  writeFileSync(file, kubeconfigText({ cluster: 'web', server, caCertPem, certPem, keyPem }), { mode: 0o600 });
  const kubectl = await kubectlFor({ kubeconfigPath: file, folder });
  expect(await kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/default');
  const program = [process.execPath, '--input-type=module', '-e', LIST_NAMESPACES, file];
  const listed = await runCommand(program, { cwd: path.join(PACKAGES, 'k8s-runtime') });
  expect(listed).toMatchObject({ code: 0, output: expect.stringContaining('default') });
}, 300_000);

describe('create cluster with --bootstrap-type embedded', () => {
  const EMBEDDED = SEED.replace('--bootstrap-type kind', '--bootstrap-type embedded --state-dir embedded');
  const running = (): string => site.path('embedded/manager.running');
  // Tells the played manager when it is at work: it ends when it is told to, and not otherwise.
  const PROGRAM = `#!/bin/sh
trap 'rm -f ${'${0%/*}'}/../embedded/manager.running; exit 0' TERM
touch ${'${0%/*}'}/../embedded/manager.running
while :; do sleep 0.2; done
`;
  let env: Readonly<Record<string, string>>;
  let manager: PlayedManager | undefined;

  beforeAll(async () => {
    await site.rewind(empty);
    const program = site.path('bin/manager');
    writeFileSync(program, PROGRAM, { mode: 0o755 });
    env = {
      CLUSTERCTL_MANAGER: program,
      CLUSTERCTL_CONTROL_PLANE: path.join(PACKAGES, 'embedded-control-plane/src/cli.ts'),
      NODE_OPTIONS: '--conditions=@longshore/source',
      LONGSHORE_CACHE: process.env['LONGSHORE_CACHE'] ?? path.join(homedir(), '.cache/longshore'),
    };
  }, 120_000);

  afterAll(async () => {
    await manager?.rest();
    const { pid } = pids();
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGTERM');
  });

  const pids = (): { readonly pid?: number; readonly managerPid?: number } => {
    const file = site.path('embedded/create.json');
    if (!existsSync(file)) return {};
    return journalOf(file).bootstrap ?? {};
  };
  const journalOf = (
    file: string,
  ): { readonly bootstrap?: ReturnType<typeof pids>; readonly phases: Readonly<Record<string, unknown>> } =>
    JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof journalOf>;
  const isAlive = (pid: number | undefined): boolean => pid !== undefined && existsSync(`/proc/${pid}`);

  test('without binaries of Kubernetes it ends at once, and says where they may come from', async () => {
    const nowhere = {
      LONGSHORE_CACHE: site.path('no-cache'),
      LONGSHORE_ENVTEST_URL: 'http://127.0.0.1:1',
      PATH: '/usr/bin:/bin',
    };
    const { code, output } = await site.run(EMBEDDED, {}, { ...env, ...nowhere });
    expect(code).toBe(1);
    expect(output).toMatch(/could not start: .*KUBEBUILDER_ASSETS/s);
    expect(output).toContain('CTL_BOOTSTRAP_FAILED');
    expect(isAlive(pids().pid)).toBe(false);
  }, 120_000);

  test('a phase that fails keeps the control plane and ends the manager beside it; so does Ctrl-C', async () => {
    const failed = await site.run(EMBEDDED, {}, { ...env, CLUSTER_API_MACHINE_READY_TIMEOUT: '0.001' });
    expect(failed.output).toMatch(/waited 0\.001 min for Machine default\/web-master-0/);
    expect(failed.output).toMatch(/kill \d+/);
    const { pid } = pids();
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(running())).toBe(false);
    const stopped = await site.run(
      EMBEDDED,
      { atOutput: /waiting for Machine default\/web-master-0/, by: 'SIGINT' },
      env,
    );
    expect(stopped.output).toContain('interrupted: the same command goes on from here');
    expect(stopped.code).toBe(130);
    expect(pids().pid).toBe(pid);
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(running())).toBe(false);
  }, 300_000);

  test('killed in the move and run again: one set of servers, one CA; the manager and the control plane are ended', async () => {
    const client = await connect({ kubeconfig: site.path('embedded/bootstrap.kubeconfig'), userAgent: 'played' });
    manager = new PlayedManager(client, 'bootstrap', site.world, () => existsSync(running()));
    manager.play();
    const killed = await site.run(EMBEDDED, { atOutput: /==> Move to the new cluster\n/ }, env);
    expect(killed.code).toBe(null);
    const { pid, managerPid } = pids();
    expect(isAlive(managerPid)).toBe(true);
    const { code, output } = await site.run(EMBEDDED, {}, env);
    expect(`${output}\nexit ${code}`).toMatch(/Cluster default\/web is ready[^]*exit 0$/);
    await until('the worker has a device', () => site.devices.includes('web-node-0'));
    expect(site.world.made.toSorted()).toEqual(['web-master-0', 'web-node-0']);
    expect(site.world.authorities).toHaveLength(1);
    expect(site.world.collisions).toEqual([]);
    // What a killed clusterctl had started is reaped by somebody else.
    await until('manager and control plane have ended', () => !isAlive(managerPid) && !isAlive(pid));
  }, 300_000);

  test('a control plane that is gone with the objects of a cluster is not replaced by an empty one', async () => {
    const file = site.path('embedded/create.json');
    const journal = journalOf(file);
    const { preflight, cluster } = journal.phases;
    writeFileSync(file, JSON.stringify({ ...journal, isComplete: false, phases: { preflight, cluster } }));
    const { code, output } = await site.run(EMBEDDED, {}, env);
    expect(output).toContain('does not answer any more, and the objects of the cluster were in it');
    expect(code).toBe(1);
  }, 120_000);
});
