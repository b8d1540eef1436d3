import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aNode, foundGone, foundRunning, foundUnknown } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { InstanceFinding, Route } from '../provider.ts';
import { parseClusterCidrs } from '../route/cidr.ts';
import { LABEL_IGNORE_NODE } from '../well-known.ts';
import { emptyReport, mergeReports, reportAbout, reportExitCode, reportSummary } from './plan-report.ts';
import type { ObjectReference, PlanReport } from './plan-report.ts';
import { planAllRoutes } from './plan-routes.ts';
import type { BalancerAnswer, ServicePlanFacts } from './plan-services.ts';
import { planSettings } from './plan-settings.ts';
import { silenceOf } from './plan-silence.ts';
import { planText } from './plan-text.ts';
import { oneLine, textTable } from './text-table.ts';

const web: ObjectReference = { kind: 'Service', namespace: 'shop', name: 'web' };
const node: ObjectReference = { kind: 'Node', name: 'node-1' };

function withStep(object: ObjectReference, summary = 'do it'): PlanReport {
  const step = { object, controller: 'service-lb-controller', step: { kind: 'do' }, summary, why: 'it must' } as const;
  return { ...emptyReport, steps: [step] };
}

function withProblem(object: ObjectReference): PlanReport {
  const problem = { object, controller: 'service-lb-controller', severity: 'error', message: 'it is wrong' } as const;
  return { ...emptyReport, problems: [problem] };
}

function withUnknown(object: ObjectReference): PlanReport {
  return { ...emptyReport, unknown: [{ object, controller: 'service-lb-controller', message: 'no answer' }] };
}

describe('reportSummary and reportExitCode', () => {
  test.each([
    { parts: [], says: 'nothing to do', code: 0 },
    { parts: [withStep(web)], says: '1 step for 1 object', code: 2 },
    { parts: [withStep(web), withStep(node), withStep(web)], says: '3 steps for 2 objects', code: 2 },
    { parts: [withProblem(web)], says: 'nothing to do, 1 problem', code: 0 },
    {
      parts: [withStep(node), withProblem(web), withProblem(node), withUnknown(web)],
      says: '1 step for 1 object, 2 problems, 1 unknown',
      code: 2,
    },
  ])('$says', ({ parts, says, code }) => {
    const report = mergeReports(parts);
    expect({ says: reportSummary(report), code: reportExitCode(report) }).toEqual({ says, code });
  });

  test('a Service and a Node of one name are two objects', () => {
    const same = [withStep({ kind: 'Node', name: 'a' }), withStep({ kind: 'Route', name: 'a' })];
    expect(reportSummary(mergeReports(same))).toBe('2 steps for 2 objects');
  });
});

test('reportAbout keeps what is said of one object', () => {
  const all = mergeReports([withStep(web), withStep(node), withProblem(node), withUnknown(web)]);
  expect(reportAbout(all, node)).toEqual(mergeReports([withStep(node), withProblem(node)]));
});

describe('planText', () => {
  test('steps of one object stand together, wherever they come from', () => {
    const report = mergeReports([
      withStep(node, 'first'),
      withStep(web, 'other'),
      withStep(node, 'second'),
      withProblem(web),
    ]);
    expect(planText(report)).toEqual([
      'KIND     NAME      STEP    WHY',
      'Node     node-1    first   it must',
      '                   second  it must',
      'Service  shop/web  other   it must',
      '',
      'KIND     NAME      SEVERITY  PROBLEM',
      'Service  shop/web  error     it is wrong',
      '',
      '3 steps for 2 objects, 1 problem',
    ]);
  });
});

describe('textTable', () => {
  test('long cells wrap at spaces, long words stay whole', () => {
    const columns = [
      { title: 'A', widest: 5 },
      { title: 'B', widest: 9 },
    ];
    expect(
      textTable(columns, [
        ['x', 'one two three'],
        ['unbreakable', 'y'],
      ]),
    ).toEqual(['A            B', 'x            one two', '             three', 'unbreakable  y']);
  });

  test('no line ends with a space, no word is lost', () => {
    const columns = [
      { title: 'A', widest: 8 },
      { title: 'B', widest: 12 },
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (rows) => {
        const lines = textTable(columns, rows);
        expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
        const words = (text: string): readonly string[] =>
          text
            .split(/ +/)
            .filter((word) => word !== '')
            .sort();
        expect(words(lines.join(' '))).toEqual(words(['A', 'B', ...rows.flat().map(oneLine)].join(' ')));
      }),
    );
  });

  test.each([
    ['a\nb', 'a b'],
    ['\u001b[2Jx', '[2Jx'],
    ['x\u009b1m', 'x 1m'],
    ['  größe  ', 'größe'],
  ])('oneLine(%j)', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });
});

describe('silenceOf', () => {
  const failed: BalancerAnswer = { kind: 'failed', error: new Error('b') };
  const planned: BalancerAnswer = { kind: 'planned', plan: { steps: [], blockedBy: [] } };
  const service = (answer: BalancerAnswer | undefined): ServicePlanFacts => ({
    service: aService(),
    decision: { kind: 'forget' },
    problems: [],
    answer,
  });

  test.each([
    { when: 'nothing was asked', findings: [], answers: [], error: undefined },
    { when: 'the only question is open', findings: [foundUnknown('a')], answers: [], error: undefined },
    { when: 'the only balancer is open', findings: [], answers: [failed], error: undefined },
    { when: 'all machines are unknown', findings: [foundUnknown('a'), foundUnknown('z')], answers: [], error: 'a' },
    { when: 'neither is known', findings: [foundUnknown('a')], answers: [failed], error: 'a' },
    { when: 'one machine is known', findings: [foundUnknown('a'), foundGone], answers: [failed], error: undefined },
    { when: 'one balancer is known', findings: [foundUnknown('a')], answers: [failed, planned], error: undefined },
    { when: 'all is known', findings: [foundRunning()], answers: [planned, undefined], error: undefined },
  ])('when $when', ({ findings, answers, error }) => {
    const machines = new Map(findings.map((finding: InstanceFinding, index) => [`node-${index}`, finding]));
    const silence = silenceOf(machines, answers.map(service));
    expect((silence?.error as Error | undefined)?.message).toBe(error);
  });
});

describe('planAllRoutes', () => {
  const clusterCidrs = parseClusterCidrs('10.244.0.0/16');
  const routed = { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' };
  const route = (traits: Partial<Route> = {}): Route => ({
    name: 'r1',
    targetNode: 'node-1',
    destinationCidr: '10.244.1.0/24',
    isBlackhole: false,
    ...traits,
  });
  const own = aNode({ podCidrs: ['10.244.1.0/24'], conditions: [routed] });

  test.each([
    { when: 'all is right', nodes: [own], routes: [route()], says: [] },
    {
      when: 'a route is missing',
      nodes: [own],
      routes: [],
      says: ['Node node-1: create a route for 10.244.1.0/24 to node node-1 (no route leads 10.244.1.0/24 to it)'],
    },
    {
      when: 'a route is left over',
      nodes: [own],
      routes: [route(), route({ name: 'r2', targetNode: 'node-2', destinationCidr: '10.244.2.0/24' })],
      says: ['Route r2: remove the route r2 for 10.244.2.0/24 (there is no node node-2)'],
    },
    {
      when: 'a route without a name is left over',
      nodes: [],
      routes: [route({ name: '', isBlackhole: true })],
      says: ['Route 10.244.1.0/24: remove the route  for 10.244.1.0/24 (it leads nowhere)'],
    },
    {
      when: 'the node does not know yet',
      nodes: [aNode({ podCidrs: ['10.244.1.0/24'] })],
      routes: [route()],
      says: ['Node node-1: set NetworkUnavailable=False on node node-1 (all its pod ranges have routes then)'],
    },
    {
      when: 'the node has routes, but no range any more',
      nodes: [aNode()],
      routes: [route({ destinationCidr: '172.16.0.0/24' })],
      says: ['Node node-1: set NetworkUnavailable=True on node node-1 (it has routes, but no pod range)'],
    },
    {
      when: "the node is somebody else's",
      nodes: [aNode({ podCidrs: ['10.244.1.0/24'], labels: { [LABEL_IGNORE_NODE]: '' } })],
      routes: [route()],
      says: [],
    },
  ])('when $when', ({ nodes, routes, says }) => {
    const { steps } = planAllRoutes({ nodes, routes, clusterCidrs });
    expect(steps.map(({ object, summary, why }) => `${object.kind} ${object.name}: ${summary} (${why})`)).toEqual(says);
  });

  test('steps are small data: no whole Node in them', () => {
    const { steps } = planAllRoutes({ nodes: [aNode({ podCidrs: ['10.244.1.0/24'] })], routes: [], clusterCidrs });
    expect(steps.map(({ step }) => step)).toEqual([
      {
        kind: 'create-route',
        nameHint: 'uid-of-node-1',
        route: { name: '', targetNode: 'node-1', destinationCidr: '10.244.1.0/24', isBlackhole: false },
      },
      { kind: 'set-network-condition', hasRoutes: true },
    ]);
  });
});

test('planSettings: from the flags of the controllers', () => {
  const flags = {
    controllers: ['*', '-service'],
    'refresh-node-labels': true,
    'node-deletion-grace-period': 1000,
    'node-monitor-period': 2000,
  };
  const { controllers, ...rest } = planSettings(flags);
  expect(rest).toEqual({ refreshesLabels: true, graceMs: 1000, monitorPeriodMs: 2000 });
  expect([...(controllers ?? [])]).not.toContain('service-lb-controller');
  expect([...(controllers ?? [])]).toContain('cloud-node-controller');
});
