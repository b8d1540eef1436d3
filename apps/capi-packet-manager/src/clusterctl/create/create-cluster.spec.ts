// `create cluster` and `delete cluster` as the user types them, against API servers in memory and played managers.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readdirSync, statSync } from 'node:fs';
import { configMaps } from '@longshore/k8s-runtime';
import { CREDENTIALS_SECRET, PACKET_NAMESPACE } from '../../api/names.ts';
import { clusters, machineDeployments, machines } from '../../api/resources.ts';
import { runCli } from '../cli/main.ts';
import { anyType, namespaces, secrets, statefulSets } from '../kube-kinds.ts';
import { aCluster } from '../test-support/a-cluster.ts';
import { API_KEY, DeskWorld, PROJECT } from '../test-support/desk-world.ts';
import { WriteBudget } from '../test-support/interrupted-client.ts';

// Each write of a whole run takes two runs: all of them only where there is time (`npm run test:long`). The move itself is interrupted at
// every write in pivot.spec.ts.
const STRIDE = process.env['LONGSHORE_LONG'] === '1' ? 1 : 11;
const worlds: DeskWorld[] = [];

function aDesk(): DeskWorld {
  const world = new DeskWorld();
  worlds.push(world);
  return world;
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.dispose();
});

interface Outcome {
  readonly code: number;
  readonly err: string;
}

async function run(world: DeskWorld, args: readonly string[]): Promise<Outcome> {
  let err = '';
  const { host } = world;
  const generate = {
    env: world.env,
    readFile: () => Promise.resolve(undefined),
    writeFile: () => Promise.resolve(),
    print: () => {},
    complain: () => {},
    setExitCode: () => {},
  };
  const parts = {
    host: () => host,
    out: (text: string) => void world.lines.push(text),
    err: (text: string) => void (err += text),
    generate,
  };
  const code = await world.drive(runCli(args, parts));
  return { code, err };
}

const titles = (world: DeskWorld): readonly string[] =>
  world.lines.filter((line) => line.startsWith('==> ')).map((line) => line.slice(4).trim());

const decoded = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString('utf8');

/** One set of servers, one CA, everything on the new cluster, nothing of ours on the bootstrap cluster. */
function expectCreated(world: DeskWorld): void {
  expect([...world.devices.keys()].sort()).toEqual(['web-master-0', 'web-node-0']);
  expect(world.created).toBe(3);
  expect(world.collisions).toBe(0);
  expect(world.target.objects(clusters).map(({ metadata }) => metadata?.name)).toEqual(['web']);
  expect(world.target.objects(machines).map(({ metadata }) => metadata?.name)).toEqual(['web-master-0', 'web-node-0']);
  expect(decoded(world.target.object(secrets, 'default/web-ca')?.data?.['tls.crt'])).toBe('ca-1');
  for (const type of [anyType(clusters), anyType(machines), anyType(machineDeployments)])
    expect(world.source.objects(type)).toEqual([]);
  expect(world.source.objects(secrets)).toEqual([]);
  expect(world.source.objects(statefulSets)).toEqual([]);
}

describe('create cluster', () => {
  test('CA row P1 the phases in their order, exit code 0, the kubeconfig for its owner only', async () => {
    const world = aDesk();
    const { code, err } = await run(world, world.createArgs());
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(titles(world)).toEqual([
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
    ]);
    expectCreated(world);
    expect(world.read('kubeconfig')).toBe('kubeconfig of web');
    expect(statSync(world.path('kubeconfig')).mode & 0o777).toBe(0o600);
  });

  test('CA row P1 the same command again has nothing to do', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    const writes = world.target.callsOf().length;
    const { code } = await run(world, world.createArgs());
    expect(code).toBe(0);
    expect(world.lines.join('')).toContain('was created by an earlier run; nothing to do');
    expect(world.target.callsOf()).toHaveLength(writes);
  });

  test('CA row P3 killed at every write to an API server and run again: one set of servers, one CA, the same end', async () => {
    const whole = aDesk();
    whole.budget = new WriteBudget();
    await run(whole, whole.createArgs());
    const { writes } = whole.budget;
    expect(writes).toBeGreaterThan(80);
    for (let fatal = 1; fatal <= writes; fatal += STRIDE) {
      const world = aDesk();
      world.budget = new WriteBudget(fatal, fatal % 2 === 0);
      const first = await run(world, world.createArgs());
      expect(`write ${fatal}: exit ${first.code}`).toBe(`write ${fatal}: exit 1`);
      world.budget = new WriteBudget();
      const second = await run(world, world.createArgs());
      expect(`write ${fatal}: ${second.err}`).toBe(`write ${fatal}: `);
      expectCreated(world);
      world.dispose();
    }
  }, 300_000);

  test('CA row P3 Ctrl-C in each phase ends with 130 and a hint; --resume finishes', async () => {
    const whole = aDesk();
    await run(whole, whole.createArgs());
    for (const title of titles(whole)) {
      const world = aDesk();
      const ended = run(world, world.createArgs());
      const push = world.lines.push.bind(world.lines);
      world.lines.push = (...lines) => {
        if (lines.some((line) => line.startsWith(`==> ${title}`))) world.stop.abort(new Error('stopped by SIGINT'));
        return push(...lines);
      };
      const { code, err } = await ended;
      expect(`${title}: ${code} ${err}`).toBe(
        `${title}: 130 clusterctl: interrupted: the same command goes on from here\n`,
      );
      world.lines.push = push;
      world.stop = new AbortController();
      const again = await run(world, [...world.createArgs(), '--resume']);
      expect(`${title}: ${again.err}`).toBe(`${title}: `);
      expectCreated(world);
    }
  }, 120_000);

  test('CA row P14 an existing bootstrap cluster keeps what it had: another Cluster, its namespace, its managers at work', async () => {
    const world = aDesk();
    const other = aCluster({ name: 'other', namespace: 'team' });
    world.source.put(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PACKET_NAMESPACE } });
    world.source.put(clusters, { ...other, spec: { ...other.spec, paused: true } });
    const { code, err } = await run(world, world.createArgs());
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(world.source.objects(clusters).map(({ metadata }) => metadata?.name)).toEqual(['other']);
    expect(world.target.objects(clusters).map(({ metadata }) => metadata?.name)).toEqual(['web']);
    expect(world.source.objects(statefulSets).map(({ spec }) => spec?.replicas)).toEqual([1, 1]);
    expect(world.executed).toEqual([]);
  });

  test('CA row P15 the ConfigMap for later holds no API key, the credentials Secrets of both clusters do', async () => {
    const world = aDesk();
    const onSource: string[] = [];
    const key = `${PACKET_NAMESPACE}/${CREDENTIALS_SECRET}`;
    const act = world.act.bind(world);
    world.act = () => {
      onSource.push(decoded(world.source.object(secrets, key)?.data?.['apiKey']));
      act();
    };
    await run(world, world.createArgs());
    const text = world.target.object(configMaps, 'default/clusterctl')?.data?.['provider-components'] ?? '';
    expect(text).toContain('kind: StatefulSet');
    expect(text).not.toContain(API_KEY);
    expect(text).not.toContain(Buffer.from(API_KEY).toString('base64'));
    expect(onSource).toContain(API_KEY);
    const { data } = world.target.object(secrets, key) ?? {};
    expect([decoded(data?.['apiKey']), decoded(data?.['projectID'])]).toEqual([API_KEY, PROJECT]);
  });

  test('CA row P15 no secret is printed, and none is in the journal', async () => {
    const world = aDesk();
    const { err } = await run(world, world.createArgs());
    const journal = readdirSync(world.path('state')).map((name) => world.read(`state/${name}`));
    expect(readdirSync(world.path('state'))).toContain('create.json');
    for (const text of [err, ...world.lines, ...journal]) {
      expect(text).not.toContain(API_KEY);
      expect(text).not.toContain('kubeconfig of web');
    }
    expect(statSync(world.path('state/create.json')).mode & 0o777).toBe(0o600);
  });

  test('CA row P16 the MachineDeployment of machines.yaml is made on the new cluster, after the control plane is up', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    expect(world.source.callsOf().some((call) => call.resource === 'machinedeployments')).toBe(false);
    const [deployment] = world.target.objects(machineDeployments);
    expect(deployment?.metadata?.name).toBe('web-node');
    expect(deployment?.status?.availableReplicas).toBe(1);
  });

  test('CA row P17 the endpoint is never written by clusterctl, however often the phase runs: one entry, port 6443', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    const writes = [...world.source.callsOf(), ...world.target.callsOf()];
    expect(writes.filter((call) => call.subresource === 'status')).toEqual([]);
    const cluster = world.target.object(clusters, 'default/web');
    expect(cluster?.status?.apiEndpoints).toEqual([{ host: '147.75.1.1', port: 6443 }]);
  });

  test('CA row P19 a machine that never appears: fails after the minutes of the variable, with the last condition of the Machine', async () => {
    const world = aDesk();
    world.env['CLUSTER_API_MACHINE_READY_TIMEOUT'] = '1';
    world.isPacketOut = true;
    const startedMs = world.clock.monotonicMs();
    const act = world.act.bind(world);
    world.act = () => {
      const machine = world.source.object(machines, 'default/web-master-0');
      const condition = {
        type: 'DeviceReady',
        status: 'False',
        reason: 'InsufficientResources',
        message: 'ewr1 is sold out',
        lastTransitionTime: '',
      } as const;
      if (machine && !machine.status)
        world.source.put(machines, { ...machine, status: { phase: 'Pending', conditions: [condition] } });
      act();
    };
    const { code, err } = await run(world, world.createArgs());
    expect(code).toBe(1);
    expect(err).toContain(
      'waited 1 min for Machine default/web-master-0 (CLUSTER_API_MACHINE_READY_TIMEOUT sets the minutes)',
    );
    expect(err).toContain('last: Pending; DeviceReady InsufficientResources: ewr1 is sold out');
    expect(world.clock.monotonicMs() - startedMs).toBeGreaterThan(60_000);
    expect(world.clock.monotonicMs() - startedMs).toBeLessThan(90_000);
  });
});

describe('create cluster with kind', () => {
  const kind = (world: DeskWorld): void => {
    let exists = false;
    world.kindAnswers = ([verb, what]) => {
      if (verb === 'create') exists = true;
      if (verb === 'delete') exists = false;
      if (verb === 'create') world.write('state/bootstrap.kubeconfig', 'kind');
      return { code: 0, stdout: what === 'clusters' && exists ? 'clusterapi\n' : '', stderr: '' };
    };
  };

  test('CA row P1 the seed command: kind is made once and deleted at the end', async () => {
    const world = aDesk();
    kind(world);
    const { code, err } = await run(
      world,
      world.createArgs('--bootstrap-type', 'kind', '--bootstrap-flags', 'image=node:1,wait=60s'),
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    const kubeconfig = world.path('state/bootstrap.kubeconfig');
    expect(world.executed).toEqual([
      'kind get clusters',
      `kind create cluster --name=clusterapi --kubeconfig ${kubeconfig} --image=node:1 --wait=60s`,
      `kind delete cluster --name=clusterapi --kubeconfig ${kubeconfig}`,
    ]);
  });

  test('CA row P2 a phase that fails keeps the kind cluster, and names the servers and the commands to go on and to give up', async () => {
    const world = aDesk();
    kind(world);
    world.env['CLUSTER_API_KUBECONFIG_READY_TIMEOUT'] = '1';
    world.target.answers.set('GET /healthz', { status: 500, body: 'etcd is not there' });
    const { code, err } = await run(world, world.createArgs('--bootstrap-type', 'kind'));
    expect(code).toBe(1);
    expect(world.executed.filter((line) => line.includes('delete'))).toEqual([]);
    expect(err).toContain('it answers 500: etcd is not there');
    expect(err).toContain('Servers that exist, and cost: web-master-0 (device-2, active).');
    expect(err).toContain('is kept: it holds the objects of these servers');
    expect(err).toContain('To go on: the same command again.');
    expect(err).toMatch(/To give up: kubectl .* delete .*; then kind delete cluster --name=clusterapi/);
    world.target.answers.clear();
    const again = await run(world, world.createArgs('--bootstrap-type', 'kind'));
    expect(again.err).toBe('');
    expect(world.executed.filter((line) => line.includes('create'))).toHaveLength(1);
    expect(world.executed.filter((line) => line.includes('delete'))).toHaveLength(1);
    expect(world.created).toBe(3);
  });

  test('CA row P2 a kind cluster of somebody else is neither used nor deleted', async () => {
    const world = aDesk();
    world.kindAnswers = () => ({ code: 0, stdout: 'clusterapi\n', stderr: '' });
    const { code, err } = await run(world, world.createArgs('--bootstrap-type', 'kind'));
    expect(code).toBe(1);
    expect(err).toContain('there is a kind cluster "clusterapi" that this command did not make');
    expect(world.executed).toEqual(['kind get clusters']);
  });

  test('CA row P2 without the command kind: says what to install or to use', async () => {
    const world = aDesk();
    world.kindAnswers = () => ({ code: 127, stdout: '', stderr: '' });
    const { err } = await run(world, world.createArgs('--bootstrap-type', 'kind'));
    expect(err).toContain('install kind, or use --bootstrap-type embedded, or -e with a cluster that exists');
  });

  test('CA row P2 --bootstrap-cluster-cleanup=false keeps it after success too', async () => {
    const world = aDesk();
    kind(world);
    const { code } = await run(world, [
      ...world.createArgs('--bootstrap-type', 'kind'),
      '--bootstrap-cluster-cleanup=false',
    ]);
    expect(code).toBe(0);
    expect(world.executed.filter((line) => line.includes('delete'))).toEqual([]);
  });
});

describe('what is refused before anything is made', () => {
  const refuse = async (change: (world: DeskWorld) => void): Promise<string> => {
    const world = aDesk();
    change(world);
    const { code, err } = await run(world, world.createArgs());
    expect(code).toBe(1);
    expect(world.source.callsOf()).toEqual([]);
    expect(world.target.callsOf()).toEqual([]);
    expect(world.created).toBe(0);
    return err;
  };

  test.each([
    {
      when: 'CA row C14 cluster.yaml holds no Cluster',
      change: (world: DeskWorld) =>
        world.write('cluster.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n'),
      says: /holds no Cluster \(cluster\.k8s\.io\/v1alpha1\): one is needed/,
    },
    {
      when: 'YAML that is none',
      change: (world: DeskWorld) => world.write('machines.yaml', 'a: [1\n'),
      says: /machines\.yaml: document 1 is no YAML/,
    },
    {
      when: 'an unknown kind in machines.yaml',
      change: (world: DeskWorld) =>
        world.write(
          'machines.yaml',
          `${world.read('machines.yaml')}---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n`,
        ),
      says: /Pod x \(v1\) does not belong here: only Machine, MachineSet, MachineDeployment, MachineClass/,
    },
    {
      when: 'no control plane machine',
      change: (world: DeskWorld) =>
        world.write('machines.yaml', world.read('machines.yaml').replace(/ {4}controlPlane: .*\n/, '')),
      says: /no control plane Machine/,
    },
    {
      when: 'a version that no machine setup has',
      change: (world: DeskWorld) =>
        world.write('machines.yaml', world.read('machines.yaml').replaceAll(/kubelet: .*/g, 'kubelet: 1.9.1')),
      says: /1\.9\.1/,
    },
    {
      when: 'no API key',
      change: (world: DeskWorld) => delete world.env['PACKET_API_KEY'],
      says: /PACKET_API_KEY is not set/,
    },
    {
      when: 'what the account says: plan, capacity, quota, keys',
      change: (world: DeskWorld) => {
        world.accountProblems = [
          { field: 'machines.yaml: Machine web-master-0: machineType', message: 'there is no plan "c9"' },
          { field: 'machines.yaml: Machine web-master-0: facility', message: 'ewr1 has none left' },
        ];
      },
      says: /machineType: there is no plan "c9"[^]*facility: ewr1 has none left/,
    },
    {
      when: 'servers of a cluster of this name that nobody here knows',
      change: (world: DeskWorld) => world.devices.set('old', { id: 'd1', hostname: 'web-master-0', state: 'active' }),
      says: /servers of a cluster default\/web already: web-master-0 \(d1\)/,
    },
    {
      when: 'a bootstrap cluster that does not answer',
      change: (world: DeskWorld) => world.source.answers.set('GET /healthz', { status: 503, body: '' }),
      says: /answers 503 to \/healthz/,
    },
    {
      when: 'a limit that is no number',
      change: (world: DeskWorld) => (world.env['CLUSTER_API_MACHINE_READY_TIMEOUT'] = 'soon'),
      says: /"soon" is not a number of minutes/,
    },
  ])('$when', async ({ change, says }) => {
    expect(await refuse(change)).toMatch(says);
  });
});

describe('delete cluster', () => {
  test('CA row P12 no server, no Secret, nothing of the cluster left; no waiting for statuses', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    const startedMs = world.clock.monotonicMs();
    const { code, err } = await run(world, world.deleteArgs());
    expect(err).toBe('');
    expect(code).toBe(0);
    expect([...world.devices.keys()]).toEqual([]);
    for (const type of [anyType(clusters), anyType(machines), anyType(machineDeployments), anyType(secrets)])
      expect(world.source.objects(type)).toEqual([]);
    expect(world.clock.monotonicMs() - startedMs).toBeLessThan(120_000);
    expect(world.collisions).toBe(0);
  });

  test('CA row P12 the components need not be given: those that create cluster left are used', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    const args = world.deleteArgs().filter((arg) => arg !== '-p' && !arg.endsWith('provider-components.yaml'));
    expect(await run(world, args)).toEqual({ code: 0, err: '' });
    expect(world.devices.size).toBe(0);
  });

  test('CA row P12 killed at every write and run again: nothing left', async () => {
    const whole = aDesk();
    await run(whole, whole.createArgs());
    whole.budget = new WriteBudget();
    await run(whole, whole.deleteArgs());
    const { writes } = whole.budget;
    expect(writes).toBeGreaterThan(40);
    for (let fatal = 1; fatal <= writes; fatal += 2 * STRIDE) {
      const world = aDesk();
      await run(world, world.createArgs());
      world.budget = new WriteBudget(fatal);
      expect((await run(world, world.deleteArgs())).code).toBe(1);
      world.budget = new WriteBudget();
      const again = await run(world, world.deleteArgs());
      expect(`write ${fatal}: ${again.err}`).toBe(`write ${fatal}: `);
      expect(world.devices.size).toBe(0);
      expect(world.source.objects(clusters)).toEqual([]);
      expect(world.collisions).toBe(0);
    }
  }, 120_000);

  test('CA row P13 an API key that was revoked: stops before the move, nothing is touched', async () => {
    const world = aDesk();
    await run(world, world.createArgs());
    const writes = world.target.callsOf().length;
    world.isKeyRevoked = true;
    const { code, err } = await run(world, world.deleteArgs());
    expect(code).toBe(1);
    expect(err).toContain('nothing was touched');
    expect(err).toContain('the API refuses the key');
    expect(world.target.callsOf()).toHaveLength(writes);
    expect(world.devices.size).toBe(2);
  });
});
