// The two laws of the service planner against a model of cluster and cloud: what is right is left alone (stable), and whatever happens
// comes right within a few rounds (convergent). Also: no balancer without an owner, and nothing but a removal takes a finalizer off.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyPatch } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';
import { storedIngress } from './balancer-status.ts';
import { planAfterEnsure, planAfterFailure, planAfterRemoval } from './service-aftermath.ts';
import type { Remembered } from './service-memory.ts';
import { hasCleanupFinalizer, isBeingDeleted, isWanted } from './service-ownership.ts';
import { planService } from './service-plan.ts';
import type { EnsurePlan, RemovePlan, ServiceStep } from './service-steps.ts';
import { selectTargets } from './targets.ts';

type Trouble = 'none' | 'fails' | 'loses' | 'waits' | 'patch-fails';

class Model {
  service: KubeService | undefined;
  remembered: Remembered | undefined;
  nodes = 1;
  readonly balancers = new Map<string, { readonly ip: string; readonly nodes: number; readonly size: string }>();
  events: string[] = [];
  writes = 0;
  #uid = 0;
  #ip = 0;

  /** What a user does. */
  do(action: Action): void {
    if (action.kind === 'create') this.service ??= aService({ uid: `uid-${++this.#uid}`, type: action.type });
    else if (action.kind === 'scale') this.nodes = action.nodes;
    else if (action.kind === 'restart') this.remembered = undefined;
    else if (action.kind === 'sabotage') this.balancers.delete(this.service?.metadata?.uid ?? '');
    else if (this.service) this.#put(edited(this.service, action));
  }

  /** One reconcile. */
  round(trouble: Trouble): void {
    const targets = selectTargets(Array.from({ length: this.nodes }, (_, at) => anInitializedNode({ name: `n${at}` })));
    const { service, remembered } = this;
    const plan = planService({ service, remembered, targets, rules: { removesDoomedAtOnce: true }, problems: [] });
    if (plan.kind === 'forget') this.remembered = undefined;
    if (plan.kind === 'ensure' || plan.kind === 'remove') this.#carryOut(plan, trouble);
  }

  #carryOut(plan: EnsurePlan | RemovePlan, trouble: Trouble): void {
    if (trouble === 'patch-fails' && plan.steps.some(({ kind }) => kind === 'patch-service')) {
      this.#apply(planAfterFailure(plan, new Error('refused'), 'prepare').steps);
      return;
    }
    this.#apply(plan.steps);
    this.remembered = plan.remember;
    if (trouble === 'fails') return this.#failed(plan);
    const isWaiting = trouble === 'waits';
    if (!isWaiting) this.#work(plan);
    if (trouble === 'loses') return this.#failed(plan);
    const wait = { kind: 'in-progress', checkAgainMs: 1, waitingFor: 'x', changes: [] } as const;
    const after =
      plan.kind === 'remove'
        ? planAfterRemoval(plan, isWaiting ? wait : { kind: 'removed', changes: [] })
        : planAfterEnsure(plan, isWaiting ? wait : this.#ready(plan));
    this.remembered = after.remember;
    this.#apply(after.steps);
  }

  #failed(plan: EnsurePlan | RemovePlan): void {
    const after = planAfterFailure(plan, new Error('the cloud is on fire'), 'call');
    this.remembered = after.remember;
    this.#apply(after.steps);
  }

  #work(plan: EnsurePlan | RemovePlan): void {
    const uid = plan.service.metadata?.uid ?? '';
    if (plan.kind === 'remove') return void this.balancers.delete(uid);
    const ip = this.balancers.get(uid)?.ip ?? `192.0.2.${++this.#ip % 250}`;
    this.balancers.set(uid, { ip, nodes: plan.nodes.length, size: sizeOf(plan.service) });
  }

  #ready(plan: EnsurePlan): Parameters<typeof planAfterEnsure>[1] {
    const { ip } = this.balancers.get(plan.service.metadata?.uid ?? '') ?? { ip: 'none' };
    return { kind: 'ready', status: { ingress: [{ ip }] }, changes: [] };
  }

  #apply(steps: readonly ServiceStep[]): void {
    for (const step of steps) {
      if (step.kind === 'event') this.events.push(step.reason);
      else {
        this.writes += 1;
        const isSame = this.service?.metadata?.uid === step.service.metadata?.uid;
        if (this.service && isSame) this.#put(applyPatch(this.service, { kind: 'strategic', body: step.body }));
      }
    }
  }

  #put(service: KubeService): void {
    this.service = isBeingDeleted(service) && !hasCleanupFinalizer(service) ? undefined : service;
  }
}

type ServiceType = 'LoadBalancer' | 'ClusterIP';
type Action =
  | { readonly kind: 'create' | 'retype'; readonly type: ServiceType }
  | { readonly kind: 'edit'; readonly size: string }
  | { readonly kind: 'scale'; readonly nodes: number }
  | { readonly kind: 'deface' | 'delete' | 'sabotage' | 'restart' };

const types = fc.constantFrom<ServiceType>('LoadBalancer', 'LoadBalancer', 'ClusterIP');
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), type: types }) },
  fc.record({ kind: fc.constant('retype' as const), type: types }),
  fc.record({ kind: fc.constant('edit' as const), size: fc.constantFrom('1', '2') }),
  fc.record({ kind: fc.constant('scale' as const), nodes: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constantFrom('deface' as const, 'delete' as const, 'sabotage' as const, 'restart' as const) }),
);
const troubles = fc.constantFrom<Trouble>('none', 'none', 'fails', 'loses', 'waits', 'patch-fails');
const histories = fc.array(fc.tuple(actions, fc.array(troubles, { maxLength: 2 })), { maxLength: 12 });

function edited(service: KubeService, action: Action): KubeService {
  const { metadata, spec } = service;
  switch (action.kind) {
    case 'edit':
      return { ...service, metadata: { ...metadata, annotations: { size: action.size } } };
    case 'retype':
      // The API server empties the status of a Service that is none of type LoadBalancer any more, and lets nobody write one.
      return {
        ...service,
        spec: { ...spec, type: action.type },
        ...(action.type === 'LoadBalancer' ? {} : { status: { loadBalancer: {} } }),
      };
    case 'deface':
      return isWanted(service)
        ? { ...service, status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } }
        : service;
    default:
      return { ...service, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  }
}

function sizeOf(service: KubeService | undefined): string {
  return service?.metadata?.annotations?.['size'] ?? '';
}

function lived(history: readonly (readonly [Action, readonly Trouble[]])[]): Model {
  const model = new Model();
  for (const [action, rounds] of history) {
    model.do(action);
    for (const trouble of rounds) model.round(trouble);
  }
  return model;
}

function settle(model: Model): void {
  for (let round = 0; round < 4; round += 1) model.round('none');
}

describe('laws of the service planner', () => {
  test('convergent: after any history the world is right within four quiet rounds', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const model = lived(history);
        settle(model);
        const { service, balancers } = model;
        if (!service || !isWanted(service)) {
          expect([...balancers]).toEqual([]);
          expect(service?.metadata?.finalizers ?? []).not.toContain(FINALIZER_LOAD_BALANCER);
          expect(service ? storedIngress(service) : []).toEqual([]);
          return;
        }
        const uid = service.metadata?.uid ?? '';
        const balancer = balancers.get(uid);
        expect([...balancers.keys()]).toEqual([uid]);
        expect(balancer).toMatchObject({ nodes: model.nodes, size: sizeOf(service) });
        expect(hasCleanupFinalizer(service)).toBe(true);
        expect(storedIngress(service)).toEqual([{ ip: balancer?.ip, ipMode: 'VIP' }]);
      }),
      { numRuns: 500 },
    );
  });

  test('stable: once right, further rounds and a restart write nothing and say nothing', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const model = lived(history);
        settle(model);
        model.events = [];
        model.writes = 0;
        model.round('none');
        model.do({ kind: 'restart' });
        model.round('none');
        model.round('none');
        expect({ writes: model.writes, events: model.events }).toEqual({ writes: 0, events: [] });
      }),
      { numRuns: 500 },
    );
  });

  test('a finalizer that is on a wanted Service means that its balancer is removed before the Service goes', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const model = lived([
          ...history,
          [{ kind: 'create', type: 'LoadBalancer' }, ['none']],
          [{ kind: 'delete' }, ['fails', 'loses', 'waits']],
        ]);
        settle(model);
        expect(model.service).toBeUndefined();
        expect(model.balancers.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
