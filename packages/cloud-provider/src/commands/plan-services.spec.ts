import { describe, expect, test } from '@jest/globals';
import type { KubeNode } from '@longshore/k8s-runtime';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { ServiceTraits } from '../testing/a-service.ts';
import type { LoadBalancerPlan, Problem } from '../provider.ts';
import { selectTargets } from '../service/targets.ts';
import { LABEL_EXCLUDE_FROM_BALANCERS } from '../well-known.ts';
import type { PlanReport } from './plan-report.ts';
import { decideService, planOneService } from './plan-services.ts';
import type { BalancerAnswer } from './plan-services.ts';

const oneNode = [anInitializedNode()];
const right: LoadBalancerPlan = { wanted: {}, found: {}, steps: [], blockedBy: [] };
const missing: LoadBalancerPlan = {
  wanted: {},
  steps: [{ kind: 'create', summary: 'create it', detail: { size: 1 } }],
  blockedBy: [],
};
const settled = { hasFinalizer: true, ingress: [{ ip: '192.0.2.1' }] } as const;
const wrong: Problem = { field: 'a', message: 'a is wrong', severity: 'error' };
const odd: Problem = { field: 'b', message: 'b is odd', severity: 'warning' };

function plannedWith(
  traits: ServiceTraits,
  answer: LoadBalancerPlan | Error | undefined,
  {
    problems = [],
    nodes = oneNode,
  }: { readonly problems?: readonly Problem[]; readonly nodes?: readonly KubeNode[] } = {},
): PlanReport {
  const service = aService(traits);
  const decision = decideService(service, selectTargets(nodes), problems);
  return planOneService({ service, decision, problems, answer: toAnswer(answer) });
}

function toAnswer(answer: LoadBalancerPlan | Error | undefined): BalancerAnswer | undefined {
  if (answer === undefined) return undefined;
  return answer instanceof Error ? { kind: 'failed', error: answer } : { kind: 'planned', plan: answer };
}

function briefly({ steps, problems, unknown }: PlanReport): readonly string[] {
  return [
    ...steps.map(({ step }) => step.kind),
    ...problems.map(({ severity, message }) => `${severity}: ${message}`),
    ...unknown.map(({ message }) => `unknown: ${message}`),
  ];
}

interface Row {
  readonly when: string;
  readonly traits: ServiceTraits;
  readonly answer: LoadBalancerPlan | Error | undefined;
  readonly problems?: readonly Problem[];
  readonly says: readonly string[];
}

const rows: readonly Row[] = [
  { when: 'all is right', traits: settled, answer: right, says: [] },
  { when: 'it is new', traits: {}, answer: missing, says: ['add-finalizer', 'create', 'write-status'] },
  { when: 'its balancer is gone', traits: settled, answer: missing, says: ['create'] },
  {
    when: 'the balancer is ready, but not shown',
    traits: { hasFinalizer: true },
    answer: right,
    says: ['write-status'],
  },
  {
    when: 'the balancer is being made: its status waits',
    traits: { hasFinalizer: true },
    answer: { ...right, blockedBy: ['it is being created'] },
    says: ['waiting: it is being created'],
  },
  {
    when: 'another address is shown than the provider has',
    traits: settled,
    answer: { ...right, status: { ingress: [{ ip: '192.0.2.9' }] } },
    says: ['write-status'],
  },
  {
    when: 'the same address is shown, stored with the default mode',
    traits: { hasFinalizer: true, ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] },
    answer: { ...right, status: { ingress: [{ ip: '192.0.2.1' }] } },
    says: [],
  },
  {
    when: 'the provider leaves it alone: only the finalizer is ours',
    traits: {},
    answer: { steps: [], blockedBy: ['the annotation disown is true'] },
    says: ['add-finalizer', 'waiting: the annotation disown is true'],
  },
  {
    when: 'the cloud fails',
    traits: {},
    answer: new Error('503'),
    says: ['add-finalizer', 'unknown: planning its load balancer failed: 503'],
  },
  {
    when: 'the settings are wrong',
    traits: {},
    answer: undefined,
    problems: [wrong, odd],
    says: ['error: a is wrong', 'warning: b is odd'],
  },
  { when: 'the settings are odd', traits: settled, answer: right, problems: [odd], says: ['warning: b is odd'] },
  { when: 'it is a ClusterIP', traits: { type: 'ClusterIP' }, answer: undefined, says: [] },
  { when: 'it has a class', traits: { spec: { loadBalancerClass: 'x/y' } }, answer: undefined, says: [] },
  { when: 'it goes without our finalizer', traits: { isBeingDeleted: true }, answer: undefined, says: [] },
  {
    when: 'it goes',
    traits: { ...settled, isBeingDeleted: true },
    answer: { found: {}, steps: [{ kind: 'delete', summary: 'delete it' }], blockedBy: [] },
    says: ['delete', 'release'],
  },
  {
    when: 'it goes, and so does the balancer already',
    traits: { ...settled, isBeingDeleted: true },
    answer: { found: {}, steps: [], blockedBy: ['the cloud removes it'] },
    says: ['waiting: the cloud removes it'],
  },
  {
    when: 'it goes, and the cloud fails: the finalizer stays',
    traits: { ...settled, isBeingDeleted: true },
    answer: new Error('503'),
    says: ['unknown: planning its load balancer failed: 503'],
  },
  {
    when: 'its type has changed',
    traits: { hasFinalizer: true, type: 'NodePort' as const },
    answer: { steps: [], blockedBy: [] },
    says: ['release'],
  },
];

describe('planOneService', () => {
  test.each(rows)('when $when', ({ traits, answer, problems, says }) => {
    expect(briefly(plannedWith(traits, answer, { problems: problems ?? [] }))).toEqual(says);
  });

  test('without targets: the warning says which nodes were left out', () => {
    const nodes = [anInitializedNode({ labels: { [LABEL_EXCLUDE_FROM_BALANCERS]: 'true' } })];
    expect(briefly(plannedWith(settled, right, { nodes }))).toEqual([
      `warning: There are no available nodes for LoadBalancer (no target: 1 labelled ${LABEL_EXCLUDE_FROM_BALANCERS})`,
    ]);
  });

  test('steps of the provider keep kind, words and arguments', () => {
    expect(plannedWith(settled, missing).steps).toEqual([
      {
        object: { kind: 'Service', namespace: 'shop', name: 'web' },
        controller: 'service-lb-controller',
        step: { kind: 'create', detail: { size: 1 } },
        summary: 'create it',
        why: 'there is no load balancer for it',
      },
    ]);
  });

  test('a status that is known is in the step', () => {
    const { steps } = plannedWith(settled, { ...right, status: { ingress: [{ hostname: 'lb.example.com' }] } });
    expect(steps[0]).toMatchObject({
      step: { body: { status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } } } },
      summary: 'show lb.example.com in the status',
      why: 'the Service shows 192.0.2.1',
    });
  });
});
