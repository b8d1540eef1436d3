// What a provider keeps beside balancers and routes shows in `plan`, and hides nothing else when it cannot be planned.
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ClusterView, OtherPlan } from '../provider.ts';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { PlanReport } from './plan-report.ts';
import { planCommand } from './plan.ts';
import { CommandWorld } from './test-support/command-world.ts';

const firewall: OtherPlan = {
  subject: { kind: 'Firewall', name: 'public' },
  controller: 'firewall-controller',
  steps: [{ kind: 'create-firewall', summary: 'create the firewall', why: 'there is none', detail: { ports: [80] } }],
};

let world: CommandWorld;
beforeEach(() => {
  world = new CommandWorld();
});

const run = (otherPlans: () => Promise<readonly OtherPlan[]>, output: 'text' | 'json' = 'text') =>
  world.run(planCommand, [], { parts: { otherPlans }, output });

describe('plan, what is neither a balancer nor a route', () => {
  test('steps are printed and make the exit code 2', async () => {
    const { code, text } = await run(() => Promise.resolve([firewall]));
    expect({ code, text }).toEqual({
      code: 2,
      text: `\
KIND      NAME    STEP                 WHY
Firewall  public  create the firewall  there is none

1 step for 1 object
`,
    });
  });

  test('JSON: object, controller, the step with its arguments, problems at the Service', async () => {
    const problem = { service: aService(), field: 'spec', message: 'it is wrong', severity: 'error' } as const;
    const { text } = await run(() => Promise.resolve([{ ...firewall, problems: [problem] }]), 'json');
    const report = JSON.parse(text) as PlanReport;
    expect(report.steps).toEqual([
      {
        object: { kind: 'Firewall', name: 'public' },
        controller: 'firewall-controller',
        step: { kind: 'create-firewall', detail: { ports: [80] } },
        summary: 'create the firewall',
        why: 'there is none',
      },
    ]);
    expect(report.problems).toEqual([
      {
        object: { kind: 'Service', namespace: 'shop', name: 'web' },
        controller: 'firewall-controller',
        severity: 'error',
        message: 'it is wrong',
      },
    ]);
  });

  test('a plan without steps is nothing to do', async () => {
    const { code, text } = await run(() => Promise.resolve([{ ...firewall, steps: [] }]));
    expect({ code, text }).toEqual({ code: 0, text: 'nothing to do\n' });
  });

  test('what cannot be found out is unknown, and no step', async () => {
    const { code, text } = await run(() => Promise.resolve([{ ...firewall, steps: [], unknown: ['listing failed'] }]));
    expect(code).toBe(0);
    expect(text).toMatch(/^Firewall {2}public {2}listing failed$/m);
  });

  test('a failure is unknown, and the rest is planned', async () => {
    world.put(aService());
    const { code, text } = await run(() => Promise.reject(new Error('403 forbidden')));
    expect(code).toBe(2);
    expect(text).toContain('create the load balancer of shop/web');
    expect(text).toMatch(/Cloud +fake +planning what is neither a balancer nor a route failed: 403 forbidden/);
  });

  test('the provider sees all Nodes and Services, also without balancers of its own', async () => {
    const seen: ClusterView[] = [];
    world.put(anInitializedNode(), aService({ type: 'NodePort' }));
    const otherPlans = (cluster: ClusterView): Promise<readonly OtherPlan[]> => {
      seen.push(cluster);
      return Promise.resolve([]);
    };
    const settings = { controllers: new Set<never>() };
    await world.run(planCommand, [], { parts: { otherPlans }, settings });
    expect(seen.map(({ nodes, services }) => [nodes.length, services.length])).toEqual([[1, 1]]);
  });
});
