import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UsageError } from '@longshore/k8s-runtime/process';
import type { Problem } from '../provider.ts';
import { aMachine, aNode, anInitializedNode, foundGone, foundStopped, foundUnknown } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import {
  ANNOTATION_PROVIDED_NODE_IP,
  LABEL_EXCLUDE_FROM_BALANCERS,
  LABEL_IGNORE_NODE,
  TAINT_AUTOSCALER_DELETES,
} from '../well-known.ts';
import type { NodeExplanation } from './explain-node.ts';
import type { ServiceExplanation } from './explain-service.ts';
import { explainCommand } from './explain.ts';
import { CommandWorld } from './test-support/command-world.ts';

const { addresses } = aMachine();
const web = { namespace: 'shop', name: 'web' };

let world: CommandWorld;
beforeEach(() => {
  world = new CommandWorld();
});
// The promise of the command: whatever a test does, nothing has been written.
afterEach(() => expect(world.changes).toEqual([]));

type Overrides = Parameters<CommandWorld['run']>[2];

async function text(args: readonly string[], overrides: Overrides = {}): Promise<string> {
  const ran = await world.run(explainCommand, args, overrides);
  expect(ran.code).toBe(0);
  return ran.text;
}

async function data<T>(args: readonly string[], overrides: Overrides = {}): Promise<T> {
  return JSON.parse(await text(args, { ...overrides, output: 'json' })) as T;
}

const service = (overrides: Overrides = {}): Promise<ServiceExplanation> => data(['service', 'shop/web'], overrides);
const node = (overrides: Overrides = {}): Promise<NodeExplanation> => data(['node', 'node-1'], overrides);

describe('explain service', () => {
  test('a Service in line, with all that is known of it', async () => {
    world.put(
      anInitializedNode({ name: 'a', addresses }),
      anInitializedNode({ name: 'b', addresses, labels: { [LABEL_EXCLUDE_FROM_BALANCERS]: 'true' } }),
      anInitializedNode({ name: 'c', addresses, taints: [{ key: TAINT_AUTOSCALER_DELETES, effect: 'NoSchedule' }] }),
      aService({ hasFinalizer: true, ingress: [{ ip: '192.0.2.1' }], spec: { externalTrafficPolicy: 'Local' } }),
    );
    world.putBalancer('shop/web', { nodes: ['a'], uid: 'u' });
    world.putEvent('Service', web, {
      type: 'Normal',
      reason: 'EnsuredLoadBalancer',
      message: 'Ensured load balancer',
      lastTimestamp: '2026-01-01T00:00:05Z',
      count: 2,
      source: { component: 'service-controller' },
    });
    expect(await text(['service', 'shop/web'])).toBe(`\
Service shop/web

Wanted
  It wants a load balancer.
  Ports: TCP 80 (node port 30080); externalTrafficPolicy Local.
    nodes: ["a"]
    ports: [80]

Found
  The cloud has a load balancer for it:
    uid: u
    service: shop/web
    status: {"ingress":[{"ip":"192.0.2.1"}]}
    nodes: ["a"]
    ports: [80]
  The Service shows 192.0.2.1.

Targets
  1 of 3 nodes: a.
  Not b: it is labelled node.kubernetes.io/exclude-from-external-load-balancers.
  Not c: it is tainted ToBeDeletedByClusterAutoscaler.

Next
  Nothing is to be done.

Events
  2026-01-01T00:00:05Z Normal EnsuredLoadBalancer: Ensured load balancer (2 times, service-controller)
`);
  });

  test('a new Service: what is done next, in order', async () => {
    world.put(anInitializedNode({ addresses }), aService());
    const told = await text(['svc', 'shop/web']);
    expect(told).toContain('The cloud has no load balancer for it.\n  The Service shows no address.\n');
    expect(told).toContain(`Next
  1. add the finalizer service.kubernetes.io/load-balancer-cleanup (service-lb-controller: the Service must not
    go before its load balancer)
  2. create the load balancer of shop/web (service-lb-controller: there is no load balancer for it)
  3. show the addresses of the load balancer in the status, once it is ready (service-lb-controller: the Service
    shows none)

Events
  There are none.
`);
  });

  test('JSON: one object with wanted, found, targets, steps and events', async () => {
    world.put(
      anInitializedNode({ addresses }),
      aNode({ name: 'x', isBeingDeleted: true }),
      aService({ hasFinalizer: true }),
    );
    world.putBalancer('shop/web', { nodes: [] });
    expect(await service()).toMatchObject({
      object: { kind: 'Service', namespace: 'shop', name: 'web' },
      decision: 'ensure',
      wanted: { nodes: ['node-1'], ports: [80] },
      found: { nodes: [] },
      shown: [],
      targets: { nodes: ['node-1'], dropped: [{ node: 'x', rule: 'deleting', because: 'being deleted' }] },
      steps: [{ step: { kind: 'update' } }, { step: { kind: 'write-status' } }],
      events: { events: [] },
    });
  });

  test('settings that are wrong: they block, and what exists is shown all the same', async () => {
    const problem: Problem = {
      field: 'x/port',
      value: '80a',
      message: 'x/port: "80a" is not a port',
      severity: 'error',
    };
    world = new CommandWorld({ problems: () => [problem, { field: 'y', message: 'y is odd', severity: 'warning' }] });
    world.put(anInitializedNode({ addresses }), aService({ hasFinalizer: true }));
    world.putBalancer('shop/web');
    expect(await service()).toMatchObject({
      decision: 'refuse',
      problems: [problem, { severity: 'warning' }],
      found: { ports: [80] },
      blockedBy: [problem.message],
      steps: [],
    });
    const told = await text(['service', 'shop/web']);
    expect(told).toContain('Problems\n  error: x/port: "80a" is not a port\n  warning: y is odd\n');
    expect(told).toContain('Next\n  Nothing is done until the Service is changed.\n');
  });

  test('what is in progress blocks', async () => {
    world.put(anInitializedNode({ addresses }), aService({ hasFinalizer: true }));
    world.balancers.plan = () =>
      Promise.resolve({ wanted: {}, found: {}, steps: [], blockedBy: ['the cloud creates it'] });
    const told = await text(['service', 'shop/web']);
    expect(told).toContain('Blocked by\n  the cloud creates it\n\nNext\n  Nothing as long as that lasts.\n');
  });

  test('a cloud that does not answer is told, not thrown', async () => {
    world.put(anInitializedNode({ addresses }), aService());
    world.balancers.plan = () => Promise.reject(new Error('connection refused'));
    expect(await service()).toMatchObject({
      unknown: 'connection refused',
      steps: [{ step: { kind: 'add-finalizer' } }],
    });
    const told = await text(['service', 'shop/web']);
    expect(told).toContain('The cloud could not be asked: connection refused.');
    expect(told).toContain('What the load balancer needs is not known.');
  });

  test.each([
    {
      when: 'another type',
      traits: { type: 'NodePort' },
      because: 'It is of type NodePort: it wants no load balancer.',
    },
    {
      when: 'a class',
      traits: { spec: { loadBalancerClass: 'x/y' } },
      because: "It has the class x/y (spec.loadBalancerClass): that is another controller's business.",
    },
    {
      when: 'deleted, with nothing of ours',
      traits: { isBeingDeleted: true, otherFinalizers: ['x/y'] },
      because: 'It is being deleted and does not carry our finalizer: nothing of ours is left.',
    },
  ] as const)('not ours: $when', async ({ traits, because }) => {
    world.put(aService(traits));
    expect(await service()).toMatchObject({ decision: 'none', because, steps: [] });
    expect(world.balancers.calls).toEqual([]);
    expect(await text(['service', 'shop/web'])).toContain(`Wanted\n  ${because}\n`);
  });

  test.each([
    {
      when: 'deleted',
      traits: { isBeingDeleted: true },
      because: 'It is being deleted; its load balancer goes first.',
    },
    {
      when: 'of another type now',
      traits: { type: 'ClusterIP' },
      because: 'It is of type ClusterIP now; the load balancer that it had goes.',
    },
  ] as const)('leaving: $when', async ({ traits, because }) => {
    world.put(aService({ ...traits, hasFinalizer: true }));
    world.putBalancer('shop/web');
    expect(await service()).toMatchObject({
      decision: 'remove',
      because,
      steps: [{ step: { kind: 'remove' } }, { step: { kind: 'release' } }],
    });
  });

  test('a provider that leaves it alone', async () => {
    world.put(anInitializedNode({ addresses }), aService({ hasFinalizer: true }));
    world.balancers.plan = () => Promise.resolve({ steps: [], blockedBy: [] });
    expect(await service()).toMatchObject({
      because: 'It asks for a load balancer, but the cloud provider leaves it alone.',
      steps: [],
    });
  });

  test('no service controller', async () => {
    world.put(aService());
    const { because, decision } = await service({ settings: { controllers: new Set() } });
    expect(decision).toBe('none');
    expect(because).toMatch(/the service controller is off/);
  });

  test('events: those of this Service only, newest first, at most ten', async () => {
    world.put(aService({ type: 'ClusterIP' }));
    world.putEvent('Service', { ...web, name: 'other' }, { reason: 'Other' });
    world.putEvent('Pod', web, { reason: 'OfAPod' });
    for (let second = 10; second < 22; second += 1) {
      world.putEvent('Service', web, { reason: `At${second}`, lastTimestamp: `2026-01-01T00:00:${second}Z` });
    }
    const { events } = await service();
    const reasons = 'events' in events ? events.events.map(({ reason }) => reason) : [];
    expect(reasons).toEqual(['At21', 'At20', 'At19', 'At18', 'At17', 'At16', 'At15', 'At14', 'At13', 'At12']);
  });

  test('events that may not be listed do not hide the rest', async () => {
    world.put(aService({ type: 'ClusterIP' }));
    world.client.fail({ verb: 'list', resource: 'events', error: new Error('events is forbidden') });
    expect(await text(['service', 'shop/web'])).toContain(
      'Events\n  The events cannot be read: events is forbidden.\n',
    );
  });
});

describe('explain node', () => {
  test('a fresh Node: state, addresses, steps of all controllers', async () => {
    world.put(aNode({ podCidrs: ['10.244.1.0/24'] }));
    world.instances.setRunning('node-1', { zone: '', region: '', instanceType: '' });
    expect(await text(['node', 'node-1'])).toBe(`\
Node node-1

State
  Node node-1 has no provider ID, has not been initialized, is not ready; it was created 0 s ago.
  The cloud has a machine; it runs; addresses: InternalIP 10.0.0.1, ExternalIP 192.0.2.1.

Addresses
  It shows none.
  It should show InternalIP 10.0.0.1, ExternalIP 192.0.2.1.

Next
  1. set the addresses InternalIP 10.0.0.1, ExternalIP 192.0.2.1 (cloud-node-controller: it shows none)
  2. set the provider ID fake://node-1 and remove the taint node.cloudprovider.kubernetes.io/uninitialized
    (cloud-node-controller: no cloud controller has initialized it)
  3. create a route for 10.244.1.0/24 to node node-1 (node-route-controller: no route leads 10.244.1.0/24 to it)
  4. set NetworkUnavailable=False on node node-1 (node-route-controller: all its pod ranges have routes then)

Events
  There are none.
`);
  });

  test('a Node in line', async () => {
    world.put(anInitializedNode({ addresses }));
    world.instances.setRunning('node-1');
    expect(await node()).toEqual({
      object: { kind: 'Node', name: 'node-1' },
      isInitialized: true,
      isReady: true,
      providerId: 'fake://node-1',
      finding: { state: 'running', metadata: aMachine() },
      story: [
        'Node node-1 has the provider ID fake://node-1, is initialized, is ready; it was created 0 s ago.',
        'The cloud has a machine of type small in z1, r1; it runs; addresses: InternalIP 10.0.0.1, ExternalIP 192.0.2.1.',
      ],
      addresses: { present: addresses, wanted: addresses },
      blockedBy: [],
      steps: [],
      events: { events: [] },
    });
    expect(await text(['node', 'node-1'])).toContain('That is as it should be.\n\nNext\n  Nothing is to be done.\n');
  });

  test('the IP that kubelet claims is not in the cloud', async () => {
    world.put(aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '10.9.9.9' } }));
    world.instances.setRunning('node-1');
    const { addresses: told, blockedBy, steps } = await node();
    expect(told.wanted).toBeUndefined();
    expect(told.problem).toBe(
      `kubelet claims "10.9.9.9" (--node-ip, annotation ${ANNOTATION_PROVIDED_NODE_IP}); the cloud does not have that IP: 10.9.9.9`,
    );
    expect(blockedBy).toEqual([
      expect.stringContaining('failed to get node address from cloud provider that matches ip'),
    ]);
    expect(steps).toEqual([]);
    expect(await text(['node', 'node-1'])).toContain('Next\n  Nothing as long as that lasts.\n');
  });

  test('a claim that cannot be understood', async () => {
    world.put(aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '' } }));
    world.instances.setRunning('node-1');
    expect((await node()).addresses.problem).toMatch(/that cannot be understood: could not parse ""$/);
  });

  test('a machine that is gone: the step says that it takes a second answer', async () => {
    world.put(anInitializedNode({ ready: 'Unknown' }));
    world.instances.set('node-1', foundGone);
    const { finding, steps } = await node();
    expect(finding).toEqual({ state: 'gone' });
    expect(steps).toMatchObject([{ step: { kind: 'delete-node', needsSecondAnswer: true } }]);
  });

  test('too many are gone: the others count, although only one was asked about', async () => {
    for (let index = 1; index <= 6; index += 1) {
      world.put(anInitializedNode({ name: `node-${index}`, ready: 'Unknown' }));
      world.instances.set(`node-${index}`, foundGone);
    }
    const { steps, blockedBy } = await node();
    expect(steps).toEqual([]);
    expect(blockedBy).toEqual([expect.stringContaining('6 of 6 nodes are gone, 5 may be')]);
  });

  test.each([
    { when: 'its look-up failed', prepare: () => world.instances.set('node-1', foundUnknown('429')), message: '429' },
    { when: 'all look-ups failed', prepare: () => world.instances.failNext(1, 'no route'), message: 'no route' },
  ])('$when: told, not thrown', async ({ prepare, message }) => {
    world.put(anInitializedNode({ addresses }));
    prepare();
    expect(await node()).toMatchObject({
      finding: { state: 'unknown', error: message },
      blockedBy: [`looking up its machine failed: ${message}`],
      steps: [],
    });
  });

  test('routes that cannot be listed: told, not thrown', async () => {
    world.put(anInitializedNode({ addresses }));
    world.instances.setRunning('node-1');
    world.routes.fail(/^list/);
    expect((await node()).blockedBy).toEqual(['comparing the routes failed: no quota for: list']);
  });

  test('a Node of somebody else: not asked about, left alone', async () => {
    world.put(aNode({ labels: { [LABEL_IGNORE_NODE]: 'true' } }));
    expect(await node()).toMatchObject({
      finding: { state: 'not-asked' },
      blockedBy: [`the controllers leave it alone: it carries the label ${LABEL_IGNORE_NODE}`],
      steps: [],
    });
    expect(world.instances.calls).toEqual([]);
  });

  test('a Node that the cloud leaves out', async () => {
    world.put(aNode());
    const { finding, story, steps } = await node();
    expect(finding).toEqual({ state: 'not-mine' });
    expect(story[1]).toBe('The cloud does not know the node as one of its own.');
    expect(steps).toEqual([]);
  });

  test('steps of other Nodes are not its own', async () => {
    world.put(anInitializedNode({ addresses }), anInitializedNode({ name: 'node-2', addresses, ready: 'False' }));
    world.instances.setRunning('node-1').set('node-2', foundStopped());
    expect((await node()).steps).toEqual([]);
  });

  test('events about Nodes are in the namespace default', async () => {
    world.put(anInitializedNode({ addresses }));
    world.instances.setRunning('node-1');
    world.putEvent(
      'Node',
      { namespace: 'default', name: 'node-1' },
      { type: 'Normal', reason: 'Synced', message: 'ok' },
    );
    const { events } = await node();
    expect('events' in events ? events.events : []).toMatchObject([{ reason: 'Synced', message: 'ok', count: 1 }]);
  });
});

describe('explain: what does not exist, and wrong words', () => {
  test.each([
    {
      args: ['service', 'shop/web'],
      message: 'there is no service shop/web in the cluster at https://fake.invalid:6443',
    },
    { args: ['node', 'node-7'], message: 'there is no node node-7 in the cluster at https://fake.invalid:6443' },
  ])('$args', async ({ args, message }) => {
    await expect(world.run(explainCommand, args)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND', message });
  });

  test.each([
    { args: [], problem: 'what shall be explained?' },
    { args: ['pod', 'a'], problem: '"pod" cannot be explained' },
    { args: ['toString', 'a'], problem: '"toString" cannot be explained' },
    { args: ['service'], problem: 'the name of the service is missing' },
    { args: ['service', ''], problem: 'the name of the service is missing' },
    { args: ['service', 'web'], problem: '"web" is not NAMESPACE/NAME' },
    { args: ['service', 'a/b/c'], problem: '"a/b/c" is not NAMESPACE/NAME' },
    { args: ['service', '/web'], problem: '"/web" is not NAMESPACE/NAME' },
    { args: ['node', 'a/b'], problem: '"a/b" is not the name of a node' },
    { args: ['node', 'a', 'b'], problem: 'unexpected argument "b"' },
  ])('$args: $problem', async ({ args, problem }) => {
    const failure = world.run(explainCommand, args);
    await expect(failure).rejects.toBeInstanceOf(UsageError);
    await expect(failure).rejects.toThrow(
      `explain: ${problem}; usage: explain service NAMESPACE/NAME | node NAME [-o json]`,
    );
    expect(world.client.calls).toEqual([]);
  });
});
