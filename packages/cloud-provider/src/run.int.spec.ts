// The program as a process against a real kube-apiserver: election, shutdown, flags, pages, an API server that misbehaves.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { leases, nodes } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { ProgramScene, QUICK_ELECTION, startPlane } from './test-support/program-scene.ts';
import { readPage } from './test-support/running-program.ts';
import { TAINT_UNINITIALIZED } from './well-known.ts';

let plane: ControlPlane;
let admin: KubeClient;
let scene: ProgramScene;

beforeAll(async () => {
  ({ plane, admin } = await startPlane());
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'metrics' };
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
  await admin.raw({ method: 'POST', path: `${rbac}/clusterroles`, body: { metadata: { name: 'metrics' }, rules } });
  const binding = { metadata: { name: 'metrics' }, roleRef, subjects: [{ kind: 'User', name: 'metrics' }] };
  await admin.raw({ method: 'POST', path: `${rbac}/clusterrolebindings`, body: binding });
}, 600_000);
afterAll(async () => plane?.stop());
beforeEach(async () => {
  scene = await ProgramScene.start({ plane, admin });
});
afterEach(async () => scene?.stop());

const NO_ELECTION = ['--leader-elect=false'];
const holder = async (): Promise<string> => (await scene.lease())?.holderIdentity ?? '';

describe('leader election', () => {
  test('rows P1 and P3 (I20) one leader, both serve; a stopped leader hands over at once', async () => {
    const a = await scene.run('a');
    await a.program.says('became leader');
    const b = await scene.run('b');
    await b.program.says('"serving"');
    await scene.createService('one');
    await scene.untilAddress('one');
    expect(await readPage(a.port, '/healthz')).toEqual({ status: 200, body: 'ok' });
    expect(await readPage(b.port, '/healthz')).toEqual({ status: 200, body: 'ok' });
    expect(scene.cloud.replicas()).toEqual(new Set(['a']));
    const holders = await watchHolders();
    a.program.kill('SIGTERM');
    expect(await a.program.ended()).toBe(0);
    await b.program.says('became leader');
    await holders.stop();
    const names = holders.seen.filter((name, at) => name !== holders.seen[at - 1]);
    // Released, not run out: the lease had no holder in between.
    expect(names).toHaveLength(3);
    expect(names[1]).toBe('');
    await scene.createService('two');
    await scene.untilAddress('two');
    expect(scene.cloud.replicas()).toEqual(new Set(['a', 'b']));
  });

  test('row P2 a killed leader is followed when its lease has run out, with one more transition', async () => {
    const a = await scene.run('a', { flags: QUICK_ELECTION });
    await a.program.says('became leader');
    const b = await scene.run('b', { flags: QUICK_ELECTION });
    await b.program.says('"serving"');
    const before = await scene.lease();
    a.program.kill('SIGKILL');
    expect(await a.program.ended()).toBe('SIGKILL');
    expect(await holder()).toBe(before?.holderIdentity);
    await b.program.says('became leader');
    const after = await scene.lease();
    expect(after?.leaseTransitions).toBe((before?.leaseTransitions ?? 0) + 1);
    expect(after?.holderIdentity).not.toBe(before?.holderIdentity);
  });

  test('row P4 a leader that cannot renew its lease ends with exit code 1', async () => {
    const { program } = await scene.run('a', { flags: QUICK_ELECTION, isProxied: true });
    await program.says('became leader');
    scene.proxy.judge = ({ method, url }) => (method === 'PUT' && url.includes('/leases/') ? 'hang' : 'pass');
    expect(await program.ended()).toBe(1);
    expect(program.output).toContain('leaderelection lost');
  });

  test('row P5 a replica whose clock is an hour ahead does not take the lease from a living leader', async () => {
    const a = await scene.run('a', { flags: QUICK_ELECTION });
    await a.program.says('became leader');
    const leader = await holder();
    const ahead = 'data:text/javascript,const now=Date.now;Date.now=()=>now()+3600000';
    const b = await scene.run('b', { flags: QUICK_ELECTION, node: [`--import=${ahead}`], isProxied: true });
    // The standby looks again and again, for longer than a lease lasts by its own monotonic clock.
    const looks = (): number => scene.proxy.requests.filter(({ url }) => url.includes('/leases/')).length;
    const renewals = async (): Promise<number> => Date.parse((await scene.lease())?.renewTime ?? '');
    const start = await renewals();
    await waitFor(async () => (await renewals()) - start > 6_000, {
      what: 'six seconds of renewals',
      timeoutMs: 30_000,
    });
    expect(looks()).toBeGreaterThan(0);
    expect(await holder()).toBe(leader);
    expect(b.program.output).not.toContain('became leader');
    expect(scene.cloud.replicas()).not.toContain('b');
  });

  test('I21 a standby is ready and has warm caches: taking over lists nothing', async () => {
    const a = await scene.run('a');
    await a.program.says('became leader');
    await scene.createService('one');
    await scene.untilAddress('one');
    const b = await scene.run('b', { isProxied: true });
    await waitFor(async () => (await readPage(b.port, '/readyz')).status === 200, { what: 'the standby is ready' });
    scene.proxy.requests.length = 0;
    await a.program.stop();
    await b.program.says('controller started" controller="service-lb-controller"');
    await scene.createService('two');
    await scene.untilAddress('two');
    const lists = scene.proxy.requests.filter(
      ({ method, url }) => method === 'GET' && /\/api\/v1\/(nodes|services)/.test(url),
    );
    expect(lists).toEqual([]);
  });

  async function watchHolders(): Promise<{ readonly seen: string[]; stop(): Promise<void> }> {
    const seen: string[] = [];
    const end = new AbortController();
    const fieldSelector = 'metadata.name=cloud-controller-manager';
    const stream = await admin.watch(leases, { namespace: 'kube-system', fieldSelector, signal: end.signal });
    const reading = (async () => {
      for await (const { object } of stream) seen.push(object.spec?.holderIdentity ?? '');
    })().catch(() => {});
    return {
      seen,
      stop: async () => {
        await waitFor(() => seen.at(-1) !== '', { what: 'the new holder is seen' });
        end.abort();
        await reading;
      },
    };
  }
});

describe('flags', () => {
  test('row P6 only the chosen controller runs', async () => {
    await scene.createNode('n1');
    const { program } = await scene.run('a', { flags: [...NO_ELECTION, '--controllers=-route,service'] });
    await scene.createService('web');
    await scene.untilAddress('web');
    expect(program.output.match(/"controller started" controller="[a-z-]+controller"/g)).toEqual([
      '"controller started" controller="service-lb-controller"',
    ]);
    expect(scene.cloud.calls.filter(({ call }) => call === 'lookup')).toEqual([]);
  });

  test('row P6 an unknown controller is named and nothing starts', async () => {
    const { program } = await scene.run('a', { flags: ['--controllers=*,servise'] });
    expect(await program.ended()).toBe(1);
    expect(program.output).toMatch(/^acme-ccm: --controllers: "\*,servise" names "servise", which is not known/);
  });

  test('row P7 without --cloud-provider the program ends and names the flag', async () => {
    const { program } = await scene.run('a', { isWithoutProvider: true });
    expect(await program.ended()).toBe(1);
    expect(program.output).toBe('acme-ccm: --cloud-provider cannot be empty; this program serves: acme\n');
  });

  test('row P13 a provider with machines only runs the two node controllers', async () => {
    const { program } = await scene.run('a', { flags: NO_ELECTION, env: { ACME_PARTS: 'instances' } });
    await program.says('"controller started" controller="cloud-node-lifecycle-controller"');
    for (const controller of ['service-lb-controller', 'node-route-controller']) {
      await program.says(new RegExp(`"controller skipped" controller="${controller}"`));
      expect(program.output).not.toContain(`"controller started" controller="${controller}"`);
    }
  });

  test('row P13 a provider with balancers only runs the service controller', async () => {
    const { program } = await scene.run('a', { flags: NO_ELECTION, env: { ACME_PARTS: 'loadBalancers' } });
    await scene.createService('web');
    await scene.untilAddress('web');
    expect(program.output).toContain('"controller skipped" controller="cloud-node-controller"');
  });

  test('without a cluster ID nothing starts, unless that is allowed', async () => {
    const env = { ACME_CLUSTER_ID: 'missing' };
    const { program } = await scene.run('a', { flags: NO_ELECTION, env });
    expect(await program.ended()).toBe(1);
    expect(program.output).toContain('--allow-untagged-cloud');
    const allowed = await scene.run('b', { flags: [...NO_ELECTION, '--allow-untagged-cloud'], env });
    await allowed.program.says('"controller started"');
  });

  test('--dry-run changes nothing and takes no lease', async () => {
    await scene.createNode('n1');
    await scene.createService('web');
    const { program } = await scene.run('a', { flags: ['--dry-run'], isProxied: true });
    await program.says(/"would change the load balancer" .*create the load balancer of default\/web/);
    await program.stop();
    const writes = scene.proxy.requests.filter(
      ({ method, url }) => method !== 'GET' && !url.includes('/authorization.k8s.io/'),
    );
    expect(writes).toEqual([]);
    expect(scene.cloud.calls.filter(({ call }) => ['ensure', 'remove'].includes(call))).toEqual([]);
    expect(await scene.lease()).toBeUndefined();
  });
});

describe('pages', () => {
  test('rows P8 and P9 health is open, metrics need the right to get them', async () => {
    const { program, port } = await scene.run('a');
    await program.says('"controller started" controller="service-lb-controller"');
    expect(await readPage(port, '/healthz')).toEqual({ status: 200, body: 'ok' });
    expect((await readPage(port, '/metrics')).status).toBe(403);
    expect((await readPage(port, '/metrics', 'wrong')).status).toBe(401);
    expect((await readPage(port, '/metrics', plane.tokenOf('nobody'))).status).toBe(403);
    const { status, body } = await readPage(port, '/metrics', plane.tokenOf('metrics'));
    expect(status).toBe(200);
    for (const line of [
      'workqueue_depth{name="service"} 0',
      'leader_election_master_status{name="cloud-controller-manager"} 1',
      'running_managed_controllers{name="service",manager="cloud-controller-manager"} 1',
      'service_controller_services{state="failed"} 0',
      'kubernetes_build_info{',
    ]) {
      expect(body).toContain(line);
    }
    const configz = await readPage(port, '/configz', plane.adminToken);
    expect(JSON.parse(configz.body)).toMatchObject({
      'cloudcontrollermanager.config.k8s.io': { KubeCloudShared: { CloudProvider: { Name: 'acme' } } },
    });
  });

  test('I23 /healthz lists lease and controllers, /readyz depends on the cloud, /livez does not', async () => {
    const { program, port } = await scene.run('a');
    await program.says('"controller started" controller="service-lb-controller"');
    await waitFor(async () => (await readPage(port, '/readyz')).status === 200, { what: 'ready' });
    expect((await readPage(port, '/healthz?verbose')).body).toBe(
      [
        '[+]leaderElection ok',
        '[+]cloud-node-controller ok',
        '[+]cloud-node-lifecycle-controller ok',
        '[+]service-lb-controller ok',
        'healthz check passed\n',
      ].join('\n'),
    );
    expect((await readPage(port, '/readyz?verbose')).body).toContain('[+]informers ok\n[+]cloud ok\n');
    expect((await readPage(port, '/livez')).status).toBe(200);
  });

  test('I23 a cloud that does not answer makes the program unready, not unhealthy', async () => {
    scene.cloud.isDown = true;
    const { program, port } = await scene.run('a', { flags: NO_ELECTION });
    await program.says('"controller started" controller="service-lb-controller"');
    expect(await readPage(port, '/readyz')).toMatchObject({
      status: 500,
      body: expect.stringContaining('[-]cloud failed'),
    });
    expect((await readPage(port, '/healthz')).status).toBe(200);
    expect((await readPage(port, '/readyz/cloud', plane.adminToken)).body).toMatch(/acme cannot be reached: ping/);
  });
});

describe('an API server that misbehaves', () => {
  test('row P10 it restarts: the program goes on and removes nothing', async () => {
    await scene.createNode('n1');
    await scene.createService('one');
    const { program } = await scene.run('a');
    await scene.untilAddress('one');
    await plane.apiServer.stop();
    await plane.apiServer.start();
    await scene.createService('two');
    await scene.untilAddress('two');
    expect(program.output.match(/"starting"/g)).toHaveLength(1);
    expect(scene.cloud.calls.filter(({ call }) => call === 'remove')).toEqual([]);
    expect((await admin.list(nodes)).items).toHaveLength(1);
    expect(scene.cloud.balancers.balancers.size).toBe(2);
  });

  test('row P11 what happened while the watches were cut is noticed afterwards', async () => {
    await scene.createNode('n1');
    await scene.createNode('n2');
    await scene.createService('web');
    await scene.run('a', { flags: NO_ELECTION, isProxied: true });
    const targets = (): readonly string[] => [...scene.cloud.balancers.balancers.values()][0]?.nodes ?? [];
    await waitFor(() => targets().join() === 'n1,n2', { what: 'two targets' });
    scene.proxy.judge = () => 'cut';
    scene.proxy.cut();
    await admin.remove(nodes, { name: 'n2' });
    const tries = scene.proxy.requests.length;
    await waitFor(() => scene.proxy.requests.length > tries + 1, {
      what: 'the program tries to come back',
      timeoutMs: 30_000,
    });
    expect(targets()).toEqual(['n1', 'n2']);
    scene.proxy.judge = () => 'pass';
    await waitFor(() => targets().join() === 'n1', { what: 'the lost node is out' });
  });

  test('row P12 429 with Retry-After is honoured, and the request succeeds', async () => {
    let refused = 0;
    scene.proxy.judge = ({ method, url }) => {
      if (method !== 'PATCH' || !url.endsWith('/services/web/status') || refused > 0) return 'pass';
      refused += 1;
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'TooManyRequests', code: 429 };
      return { status: 429, headers: { 'Retry-After': '1' }, body };
    };
    await scene.createService('web');
    await scene.run('a', { flags: NO_ELECTION, isProxied: true });
    await scene.untilAddress('web');
    const patches = scene.proxy.requests.filter(({ method, url }) => method === 'PATCH' && url.endsWith('/web/status'));
    expect((patches[1]?.atMs ?? 0) - (patches[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(scene.cloud.calls.filter(({ call }) => call === 'ensure')).toHaveLength(1);
  });
});

describe('an example', () => {
  test('the provider of the README initializes a Node and gives a Service an address', async () => {
    const uninitialized = { key: TAINT_UNINITIALIZED, value: 'true', effect: 'NoSchedule' };
    await admin.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      spec: { taints: [uninitialized] },
    });
    await scene.createService('web');
    const file = new URL('../examples/minimal-provider.ts', import.meta.url).pathname;
    const { program } = await scene.run('minimal', { file, isWithoutProvider: true });
    await scene.untilAddress('web');
    await waitFor(async () => (await admin.get(nodes, { name: 'n1' }))?.spec?.providerID === 'minimal://n1', {
      what: 'n1 is initialized',
    });
    expect(await program.stop()).toBe(0);
  });
});

describe('rights', () => {
  test('I26 each missing verb is one line at start, and what is allowed works', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [
      { apiGroups: [''], resources: ['nodes', 'services'], verbs: ['get', 'list', 'watch', 'patch'] },
      { apiGroups: [''], resources: ['nodes/status', 'services/status'], verbs: ['patch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ];
    await admin.raw({ method: 'POST', path: `${rbac}/clusterroles`, body: { metadata: { name: 'poor' }, rules } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'poor' };
    const binding = { metadata: { name: 'poor' }, roleRef, subjects: [{ kind: 'User', name: 'nobody' }] };
    await admin.raw({ method: 'POST', path: `${rbac}/clusterrolebindings`, body: binding });
    const kubeconfig = `${plane.folder}/nobody.kubeconfig`;
    await plane.writeKubeconfig(kubeconfig, { userName: 'nobody' });
    await scene.createService('web');
    const { program } = await scene.run('a', { flags: [...NO_ELECTION, `--kubeconfig=${kubeconfig}`] });
    await program.says(
      /a permission is missing: may not delete nodes: needed for removing nodes whose machine is gone/,
    );
    expect(program.output.match(/a permission is missing/g)).toHaveLength(1);
    await scene.untilAddress('web');
  });
});
