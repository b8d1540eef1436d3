import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperatorError } from '@longshore/reconciler-core';
import { UsageError } from '@longshore/k8s-runtime/process';
import { anInitializedNode, aMachine, aNode, foundGone, foundStopped, foundUnknown } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import {
  FINALIZER_LOAD_BALANCER,
  LABEL_EXCLUDE_FROM_BALANCERS,
  LABEL_IGNORE_NODE,
  TAINT_SHUTDOWN,
} from '../well-known.ts';
import type { PlanReport } from './plan-report.ts';
import { planCommand } from './plan.ts';
import { CommandWorld } from './test-support/command-world.ts';

const { addresses } = aMachine();
const settled = { addresses } as const;

let world: CommandWorld;
beforeEach(() => {
  world = new CommandWorld();
});
// The promise of the command: whatever a test does, nothing has been written.
afterEach(() => expect(world.changes).toEqual([]));

async function report(overrides: Parameters<CommandWorld['run']>[2] = {}): Promise<PlanReport & { code: number }> {
  const { code, text } = await world.run(planCommand, [], { output: 'json', ...overrides });
  return { ...(JSON.parse(text) as PlanReport), code };
}

function briefly({ steps }: PlanReport): readonly string[] {
  return steps.map(
    ({ object, step }) => `${object.kind} ${object.namespace ? `${object.namespace}/` : ''}${object.name} ${step.kind}`,
  );
}

describe('plan', () => {
  test('an empty cluster: nothing to do, exit code 0', async () => {
    await expect(world.run(planCommand)).resolves.toEqual({ code: 0, text: 'nothing to do\n' });
  });

  test('a cluster that is in line: nothing to do', async () => {
    world.put(anInitializedNode(settled));
    world.instances.setRunning('node-1');
    world.put(aService({ hasFinalizer: true, ingress: [{ ip: '192.0.2.1' }] }));
    world.putBalancer('shop/web', { nodes: ['node-1'] });
    await expect(world.run(planCommand)).resolves.toEqual({ code: 0, text: 'nothing to do\n' });
  });

  test('everything at once, grouped by object; exit code 2', async () => {
    world.put(aNode({ podCidrs: ['10.244.1.0/24'] }), aService());
    world.instances.setRunning('node-1', { zone: '', region: '', instanceType: '' });
    world.routes.routes = [{ name: 'old', targetNode: 'node-9', destinationCidr: '10.244.9.0/24', isBlackhole: false }];
    const { code, text } = await world.run(planCommand);
    expect(code).toBe(2);
    expect(text).toBe(`\
KIND     NAME      STEP                                                            WHY
Node     node-1    set the addresses InternalIP 10.0.0.1, ExternalIP 192.0.2.1     it shows none
                   set the provider ID fake://node-1 and remove the taint          no cloud controller has initialized it
                   node.cloudprovider.kubernetes.io/uninitialized
                   create a route for 10.244.1.0/24 to node node-1                 no route leads 10.244.1.0/24 to it
                   set NetworkUnavailable=False on node node-1                     all its pod ranges have routes then
Service  shop/web  add the finalizer service.kubernetes.io/load-balancer-cleanup   the Service must not go before its load balancer
                   create the load balancer of shop/web                            there is no load balancer for it
                   show the addresses of the load balancer in the status, once it  the Service shows none
                   is ready
Route    old       remove the route old for 10.244.9.0/24                          there is no node node-9

8 steps for 3 objects
`);
  });

  test('JSON: each step names object, controller, arguments and words', async () => {
    world.put(aService());
    const { steps, problems, unknown, code } = await report();
    expect(code).toBe(2);
    expect(steps[0]).toEqual({
      object: { kind: 'Service', namespace: 'shop', name: 'web' },
      controller: 'service-lb-controller',
      step: { kind: 'add-finalizer', body: expect.objectContaining({ metadata: expect.anything() }) },
      summary: `add the finalizer ${FINALIZER_LOAD_BALANCER}`,
      why: 'the Service must not go before its load balancer',
    });
    expect(steps.map(({ step }) => step.kind)).toEqual(['add-finalizer', 'create', 'write-status']);
    expect(problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: There are no available nodes for LoadBalancer',
    ]);
    expect(unknown).toEqual([]);
  });

  test('one look-up for all nodes, none for nodes of others', async () => {
    world.put(anInitializedNode(settled), anInitializedNode({ ...settled, name: 'node-2' }));
    world.put(aNode({ name: 'theirs', labels: { [LABEL_IGNORE_NODE]: 'true' } }));
    world.instances.setRunning('node-1').setRunning('node-2');
    expect((await report()).code).toBe(0);
    expect(world.instances.calls.map(({ names }) => names)).toEqual([['node-1', 'node-2']]);
  });

  test('I12 a node of another cloud is not looked up and gets no step', async () => {
    world.put(anInitializedNode({ name: 'theirs', providerId: 'aws:///eu-1a/i-1', labels: {} }));
    expect(await report({ parts: { providerIdSchemes: ['fake'] } })).toMatchObject({
      code: 0,
      steps: [],
      problems: [],
      unknown: [],
    });
    expect(world.instances.calls).toEqual([]);
  });

  test('only the first page is small: nodes of all pages are planned', async () => {
    for (let index = 0; index < 501; index += 1) {
      const name = `node-${index}`;
      world.put(anInitializedNode({ ...settled, name }));
      world.instances.setRunning(name);
    }
    expect((await report()).code).toBe(0);
    expect(world.instances.calls[0]?.names).toHaveLength(501);
    expect(world.client.callsOf('list').filter(({ resource }) => resource === 'nodes')).toHaveLength(2);
  });

  test('lifecycle: a taint for what is off, its removal for what is ready, a removal that needs a second answer', async () => {
    const shutdown = { key: TAINT_SHUTDOWN, effect: 'NoSchedule' };
    world.put(
      anInitializedNode({ ...settled, name: 'off', ready: 'False' }),
      anInitializedNode({ ...settled, name: 'back', taints: [shutdown] }),
      anInitializedNode({ ...settled, name: 'gone', ready: 'Unknown' }),
    );
    world.instances.set('off', foundStopped()).setRunning('back').set('gone', foundGone);
    const planned = await report();
    expect(briefly(planned)).toEqual([
      'Node back remove-shutdown-taint',
      'Node gone delete-node',
      'Node off add-shutdown-taint',
    ]);
    expect(planned.steps[1]).toMatchObject({ step: { uid: expect.any(String), needsSecondAnswer: true } });
    expect(planned.steps[1]?.why).toMatch(/when the cloud says so again, 5 s later/);
    expect(planned.problems).toEqual([]);
  });

  test('a Service that leaves: balancer, finalizer and status', async () => {
    world.put(aService({ type: 'ClusterIP', hasFinalizer: true, ingress: [{ ip: '192.0.2.1' }] }));
    world.putBalancer('shop/web');
    const { steps } = await report();
    expect(steps.map(({ summary }) => summary)).toEqual([
      'remove the load balancer of shop/web',
      `remove the finalizer ${FINALIZER_LOAD_BALANCER} and clear the status`,
    ]);
  });

  test('nodes that are left out are not in the plan of the balancer', async () => {
    world.put(
      anInitializedNode(settled),
      anInitializedNode({ ...settled, name: 'node-2', labels: { [LABEL_EXCLUDE_FROM_BALANCERS]: '' } }),
      aService(),
    );
    world.instances.setRunning('node-1').setRunning('node-2');
    await report();
    expect(world.balancers.callsOf('plan').map(({ nodes }) => nodes)).toEqual([['node-1']]);
  });

  describe('what is not known', () => {
    test('one unknown machine is listed and is no step', async () => {
      world.put(anInitializedNode(settled), anInitializedNode({ name: 'node-2' }));
      world.instances.setRunning('node-1').set('node-2', foundUnknown('no answer'));
      const { code, text } = await world.run(planCommand);
      expect(code).toBe(0);
      expect(text).toBe(`\
KIND  NAME    UNKNOWN
Node  node-2  looking up its machine failed: no answer

nothing to do, 1 unknown
`);
    });

    test('a single unknown machine in a cluster of one is no unreachable cloud', async () => {
      world.put(anInitializedNode({ name: 'only' }));
      world.instances.set('only', foundUnknown());
      const { code, unknown, steps } = await report();
      expect({ code, steps }).toEqual({ code: 0, steps: [] });
      expect(unknown.map(({ object }) => object.name)).toEqual(['only']);
    });

    test('a Service whose plan fails is listed; the others are planned', async () => {
      world.put(aService({ name: 'a' }), aService({ name: 'b' }));
      const { balancers } = world;
      const plan = balancers.plan.bind(balancers);
      balancers.plan = (service, nodes) =>
        service.metadata?.name === 'a' ? Promise.reject(new Error('no quota')) : plan(service, nodes);
      const planned = await report();
      expect(planned.unknown).toEqual([
        {
          object: { kind: 'Service', namespace: 'shop', name: 'a' },
          controller: 'service-lb-controller',
          message: 'planning its load balancer failed: no quota',
        },
      ]);
      expect(briefly(planned)).toContain('Service shop/b create');
      expect(planned.code).toBe(2);
    });
  });

  describe('errors: one line, no plan', () => {
    test('the look-up of all machines fails', async () => {
      world.put(anInitializedNode(settled));
      world.instances.failNext(1, 'connection refused');
      await expect(world.run(planCommand)).rejects.toMatchObject({
        code: 'PLAN_IMPOSSIBLE',
        message: 'nothing can be planned, because the cloud fake does not answer: connection refused',
      });
    });

    test('all machines are unknown: nobody calls that nothing to do', async () => {
      world.put(anInitializedNode(settled), anInitializedNode({ name: 'node-2' }));
      world.instances.set('node-1', foundUnknown('no route')).set('node-2', foundUnknown('no route'));
      await expect(world.run(planCommand)).rejects.toThrow(/the cloud fake does not answer: no route$/);
    });

    test('the cloud does not answer a ping', async () => {
      const ping = (): Promise<void> => Promise.reject(new Error('name not known'));
      await expect(world.run(planCommand, [], { parts: { ping } })).rejects.toThrow(/does not answer: name not known/);
    });

    test('the cloud hangs: the question is given up', async () => {
      const ping = (): Promise<void> => new Promise(() => {});
      const outcome = world.run(planCommand, [], { parts: { ping } }).catch((error: unknown) => error);
      await world.clock.settle();
      await world.clock.advance(60_000);
      expect(await outcome).toMatchObject({ code: 'PLAN_IMPOSSIBLE', message: expect.stringContaining('60 s') });
    });

    test('the routes cannot be listed', async () => {
      world.routes.fail(/^list/);
      await expect(world.run(planCommand)).rejects.toThrow(/does not answer: no quota for: list/);
    });

    test('a wrong cluster CIDR keeps its own message', async () => {
      const routes = { clusterCidrs: ['10.0.0.0'] };
      await expect(world.run(planCommand, [], { routes })).rejects.toMatchObject({ code: 'CLUSTER_CIDR_INVALID' });
    });

    test('the API server refuses', async () => {
      world.client.fail({ verb: 'list', resource: 'nodes' });
      await expect(world.run(planCommand)).rejects.toBeInstanceOf(OperatorError);
    });

    test('an argument too many', async () => {
      const failure = world.run(planCommand, ['everything']);
      await expect(failure).rejects.toBeInstanceOf(UsageError);
      await expect(failure).rejects.toThrow('plan: unexpected argument "everything"; usage: plan [-o json]');
    });

    test('an interrupt is passed on as it is', async () => {
      world.put(anInitializedNode(settled));
      world.instances.latencyMs = 1000;
      const stop = new AbortController();
      const outcome = world.run(planCommand, [], { signal: stop.signal }).catch((error: unknown) => error);
      await world.clock.settle();
      const reason = new Error('stopped by SIGINT');
      stop.abort(reason);
      expect(await outcome).toBe(reason);
    });
  });

  describe('what does not run takes no steps', () => {
    beforeEach(() => {
      world.put(aNode({ podCidrs: ['10.244.1.0/24'] }), aService(), anInitializedNode({ name: 'off', ready: 'False' }));
      world.instances.setRunning('node-1').set('off', foundStopped({ addresses: [] }));
    });

    test.each([
      ['cloud-node-controller', ['Node node-1 set-addresses', 'Node node-1 initialize']],
      ['cloud-node-lifecycle-controller', ['Node off add-shutdown-taint']],
      [
        'service-lb-controller',
        ['Service shop/web add-finalizer', 'Service shop/web create', 'Service shop/web write-status'],
      ],
      ['node-route-controller', ['Node node-1 create-route', 'Node node-1 set-network-condition']],
    ] as const)('--controllers=%s', async (controller, steps) => {
      expect(briefly(await report({ settings: { controllers: new Set([controller]) } }))).toEqual(steps);
    });

    test('a provider without parts', async () => {
      const { clock, client, log } = world;
      let text = '';
      const context = {
        clock,
        client,
        log,
        clusterName: 'test',
        output: 'text',
        signal: new AbortController().signal,
      } as const;
      const code = await planCommand.run(
        { ...context, provider: { name: 'bare' }, write: (part) => (text += part) },
        [],
      );
      expect({ code, text }).toEqual({ code: 0, text: 'nothing to do\n' });
      expect(world.client.callsOf('list').map(({ resource }) => resource)).not.toContain('services');
    });

    test('routes that are not configured', async () => {
      const { instances, balancers, clock, client, log } = world;
      let text = '';
      await planCommand.run(
        {
          ...{ clock, client, log, clusterName: 'test', output: 'text', signal: new AbortController().signal },
          provider: { name: 'fake', instances, loadBalancers: balancers, routes: world.routes },
          write: (part) => (text += part),
        },
        [],
      );
      expect(text).not.toContain('route');
      expect(world.routes.calls).toEqual([]);
    });
  });

  test('texts of the cloud cannot steer the terminal', async () => {
    world.put(anInitializedNode({ name: 'node-1' }));
    world.instances.set('node-1', foundUnknown('red\u001b[31m\nKIND  NAME'));
    const { text } = await world.run(planCommand);
    expect(text).toContain('failed: red [31m KIND');
    expect(text).not.toContain('\u001b');
  });
});
