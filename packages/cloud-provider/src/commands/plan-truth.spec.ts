// The law of `plan`: it tells what the controllers do. They change the objects that it names, all of them and (unless a Node goes) no
// others, and when they have settled it names none.
import { describe, expect, test } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { services as serviceType } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { InstanceFinding, Route } from '../provider.ts';
import {
  aMachine,
  aNode,
  anInitializedNode,
  foundGone,
  foundRunning,
  foundStopped,
  foundUnknown,
} from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import {
  LABEL_EXCLUDE_FROM_BALANCERS,
  LABEL_IGNORE_NODE,
  LABEL_ZONE,
  LABEL_ZONE_BETA,
  TAINT_SHUTDOWN,
} from '../well-known.ts';
import type { FakeBalancer } from '../testing/fake-load-balancers.ts';
import { referenceName } from './plan-report.ts';
import type { PlanReport } from './plan-report.ts';
import { planCommand } from './plan.ts';
import { CommandWorld } from './test-support/command-world.ts';
import { runControllers } from './test-support/running-controllers.ts';

const { addresses } = aMachine();
const settledForMs = 30_000;

interface NodeSketch {
  readonly isFresh: boolean;
  readonly ready: 'True' | 'False';
  readonly machine: 'running' | 'stopped' | 'gone' | 'unknown' | 'not-mine';
  readonly hasAddresses: boolean;
  readonly hasProviderId: boolean;
  readonly oddity: 'none' | 'excluded' | 'ignored' | 'zone' | 'shutdown';
  readonly hasRange: boolean;
  readonly hasRoute: boolean;
}

interface ServiceSketch {
  readonly type: 'LoadBalancer' | 'ClusterIP';
  readonly hasFinalizer: boolean;
  readonly isDeleted: boolean;
  readonly hasClass: boolean;
  readonly shows: '' | '192.0.2.1' | '192.0.2.2';
  readonly balancer: 'none' | 'right' | 'other-ports';
}

const nodeSketch: fc.Arbitrary<NodeSketch> = fc.record({
  isFresh: fc.boolean(),
  ready: fc.constantFrom('True', 'False'),
  machine: fc.constantFrom('running', 'stopped', 'gone', 'unknown', 'not-mine'),
  hasAddresses: fc.boolean(),
  hasProviderId: fc.boolean(),
  oddity: fc.constantFrom('none', 'excluded', 'ignored', 'zone', 'shutdown'),
  hasRange: fc.boolean(),
  hasRoute: fc.boolean(),
});
// Several that are gone at once are deleted minutes later than the plan says; by then other times are over as well.
const nodeSketches = fc
  .array(nodeSketch, { maxLength: 4 })
  .filter((all) => all.filter(({ machine }) => machine === 'gone').length < 2);
const serviceSketch: fc.Arbitrary<ServiceSketch> = fc.record({
  type: fc.constantFrom('LoadBalancer', 'ClusterIP'),
  hasFinalizer: fc.boolean(),
  isDeleted: fc.boolean(),
  hasClass: fc.boolean(),
  shows: fc.constantFrom('', '192.0.2.1', '192.0.2.2'),
  balancer: fc.constantFrom('none', 'right', 'other-ports'),
});

const findings: Readonly<Record<NodeSketch['machine'], (providerId: string) => InstanceFinding | undefined>> = {
  running: (providerId) => foundRunning({ providerId }),
  stopped: (providerId) => foundStopped({ providerId }),
  gone: () => foundGone,
  unknown: () => foundUnknown(),
  'not-mine': () => undefined,
};

const oddities: Readonly<Record<NodeSketch['oddity'], NodeTraits>> = {
  none: {},
  excluded: { labels: { [LABEL_EXCLUDE_FROM_BALANCERS]: '' } },
  ignored: { labels: { [LABEL_IGNORE_NODE]: '' } },
  zone: { labels: { [LABEL_ZONE_BETA]: 'a', [LABEL_ZONE]: 'b' } },
  shutdown: { taints: [{ key: TAINT_SHUTDOWN, effect: 'NoSchedule' }] },
};

function addNode(world: CommandWorld, sketch: NodeSketch, index: number): void {
  const name = `node-${index}`;
  const range = `10.244.${index}.0/24`;
  const make = sketch.isFresh ? aNode : anInitializedNode;
  const node = make({
    name,
    ready: sketch.ready,
    ...(sketch.hasAddresses ? { addresses } : {}),
    ...(sketch.hasProviderId ? { providerId: `fake://${name}` } : { providerId: '' }),
    ...(sketch.hasRange ? { podCidrs: [range] } : {}),
    ...oddities[sketch.oddity],
  });
  world.put(node);
  const finding = findings[sketch.machine](`fake://${name}`);
  if (finding) world.instances.set(name, finding);
  if (sketch.hasRoute)
    world.routes.routes.push({ name: `r${index}`, targetNode: name, destinationCidr: range, isBlackhole: false });
}

function addService(world: CommandWorld, sketch: ServiceSketch, index: number): void {
  const name = `web-${index}`;
  const hasFinalizer = sketch.hasFinalizer || sketch.isDeleted;
  const service: KubeService = aService({
    name,
    hasFinalizer,
    type: sketch.type,
    ...(sketch.hasClass && sketch.type === 'LoadBalancer' ? { spec: { loadBalancerClass: 'x/y' } } : {}),
    ...(sketch.shows === '' ? {} : { ingress: [{ ip: sketch.shows }] }),
  });
  world.put(service);
  const ports = sketch.balancer === 'right' ? [80] : [81];
  const targets = world.targetNames();
  if (sketch.balancer !== 'none') world.putBalancer(`shop/${name}`, { ports, nodes: targets });
  if (sketch.isDeleted) world.client.delete(serviceType, { namespace: 'shop', name });
}

function makeWorld(nodeSketches: readonly NodeSketch[], serviceSketches: readonly ServiceSketch[]): CommandWorld {
  const world = new CommandWorld();
  world.put(anInitializedNode({ name: 'anchor', addresses }));
  world.instances.set('anchor', foundRunning({ providerId: 'fake://anchor' }));
  nodeSketches.forEach((sketch, index) => addNode(world, sketch, index));
  serviceSketches.forEach((sketch, index) => addService(world, sketch, index));
  return world;
}

async function planned(world: CommandWorld): Promise<PlanReport> {
  const before = world.changes.length;
  const { text } = await world.run(planCommand, [], { output: 'json' });
  expect(world.changes).toHaveLength(before);
  return JSON.parse(text) as PlanReport;
}

interface CloudState {
  readonly balancers: ReadonlyMap<string, FakeBalancer>;
  readonly routes: readonly Route[];
}

function cloudStateOf({ balancers, routes }: CommandWorld): CloudState {
  return { balancers: new Map(balancers.balancers), routes: [...routes.routes] };
}

/** Objects that were changed, as a plan names them. Looking at a balancer that is right already is a call, but no change. */
function changedObjects(world: CommandWorld, before: CloudState): readonly string[] {
  const after = cloudStateOf(world);
  const uids = new Set([...before.balancers.keys(), ...after.balancers.keys()]);
  const balancers = [...uids].filter((uid) => !isDeepStrictEqual(before.balancers.get(uid), after.balancers.get(uid)));
  const created = after.routes.filter((route) => !before.routes.includes(route));
  const removed = before.routes.filter((route) => !after.routes.includes(route));
  return [
    ...world.client.callsOf().map(({ resource, key }) => `${resource === 'nodes' ? 'Node' : 'Service'} ${key ?? ''}`),
    ...balancers.map((uid) => `Service ${(after.balancers.get(uid) ?? before.balancers.get(uid))?.service ?? ''}`),
    ...created.map(({ targetNode }) => `Node ${targetNode}`),
    ...removed.map(({ name }) => `Route ${name}`),
  ];
}

function plannedObjects({ steps }: PlanReport): readonly string[] {
  return steps.map(({ object }) => `${object.kind} ${referenceName(object)}`);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

describe('plan tells the truth', () => {
  test('in any cluster', async () => {
    const sketches = fc.tuple(nodeSketches, fc.array(serviceSketch, { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(sketches, async ([ofNodes, ofServices]) => {
        const world = makeWorld(ofNodes, ofServices);
        const cloudBefore = cloudStateOf(world);
        const before = await planned(world);
        await runControllers(world, settledForMs);
        const named = distinct(plannedObjects(before));
        const changed = distinct(changedObjects(world, cloudBefore));
        // A Node that is removed takes its routes and its place in balancers with it, later.
        const isLast = before.steps.every(({ step }) => step.kind !== 'delete-node');
        expect(isLast ? named : named.filter((name) => changed.includes(name))).toEqual(isLast ? changed : named);
        expect((await planned(world)).steps).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
