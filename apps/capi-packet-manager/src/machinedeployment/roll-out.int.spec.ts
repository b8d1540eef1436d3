// Both controllers against a real API server with the project's CRDs and a real kube-controller-manager, whose garbage collector works beside
// us. A player makes machines ready, as the node link would. The last test takes the controller-manager away.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { connect, InformerSet } from '@longshore/k8s-runtime';
import type { KubeClient, ResourceType } from '@longshore/k8s-runtime';
import { systemClock } from '@longshore/reconciler-core';
import { fakeMetrics, recordingLogger, waitFor } from '@longshore/reconciler-core/testing';
import { clusterCrds } from '../api/crds.ts';
import { MACHINE_FINALIZER } from '../api/names.ts';
import type { Machine, MachineDeployment, MachineSet } from '../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import { isDeleting, isReady } from '../machineset/machine-facts.ts';
import { createMachineSetController } from '../machineset/machine-set-controller.ts';
import { objectKey } from '../machineset/ownership.ts';
import {
  aCluster,
  aDeployment,
  EventLog,
  inCluster,
  NAMESPACE,
  template,
} from '../machineset/test-support/set-world.ts';
import { createMachineDeploymentController } from './machine-deployment-controller.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 180_000;
const crds: ResourceType<(typeof clusterCrds)[number]> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  isNamespaced: false,
};

let plane: ControlPlane;
let kubectl: Kubectl;
let client: KubeClient;
let informers: InformerSet;
const events = new EventLog();
const stop = new AbortController();
const running: Promise<void>[] = [];

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ controllers: true, onProgress });
  kubectl = await kubectlFor(plane, { onProgress });
  client = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'roll-out-test', env: {} });
  for (const crd of clusterCrds) await client.create(crds, crd);
  await kubectl('wait', '--for=condition=Established', '--all', 'crd', '--timeout=120s');
  const log = recordingLogger(2);
  informers = new InformerSet({ client, clock: systemClock, log });
  const parts = { client, informers, events, clock: systemClock, log, metrics: fakeMetrics(), concurrency: 4 };
  for (const loop of [createMachineSetController(parts), createMachineDeploymentController(parts), informers]) {
    running.push(loop.run(stop.signal));
  }
  await informers.synced(AbortSignal.timeout(120_000));
}, FIRST_BUILD_MS);

afterAll(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.all(running);
  await plane?.stop();
}, LONG_MS);

const all = async (): Promise<readonly Machine[]> => (await client.list(machines, { namespace: NAMESPACE })).items;
const alive = async (): Promise<readonly Machine[]> => (await all()).filter((machine) => !isDeleting(machine));
const sets = async (): Promise<readonly MachineSet[]> =>
  (await client.list(machineSets, { namespace: NAMESPACE })).items;
const deployment = async (): Promise<MachineDeployment | undefined> =>
  client.get(machineDeployments, { name: 'd', namespace: NAMESPACE });

async function makeReady(machine: Machine): Promise<void> {
  const lastTransitionTime = new Date().toISOString();
  const conditions = [{ type: 'NodeReady', status: 'True', reason: 'Played', message: '', lastTransitionTime }];
  const patch = { kind: 'merge', body: { status: { conditions } } } as const;
  await client.patch(machines, objectKey(machine), patch, { subresource: 'status' });
}

/** Makes machines ready, one at a time, until the deployment says that it is complete; `look` is asked each time. */
async function play(look: (machinesNow: readonly Machine[]) => void = () => {}): Promise<void> {
  const isComplete = async (): Promise<boolean> => {
    const now = await alive();
    look(now);
    const waiting = now.find((machine) => !isReady(machine));
    if (waiting) await makeReady(waiting);
    const { status, metadata } = (await deployment()) ?? {};
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return status?.observedGeneration === metadata?.generation && ready?.status === 'True';
  };
  await waitFor(isComplete, { what: 'the roll-out to end', timeoutMs: LONG_MS / 2, everyMs: 50 });
}

async function change(spec: Partial<NonNullable<MachineDeployment['spec']>>): Promise<void> {
  await client.patch(machineDeployments, { name: 'd', namespace: NAMESPACE }, { kind: 'merge', body: { spec } });
}

async function nothingLeft(): Promise<boolean> {
  const left = [await deployment(), ...(await sets()), ...(await all())].filter((object) => object !== undefined);
  return left.length === 0;
}

describe('on a real API server', () => {
  test(
    'CA row T1 three machines are rolled from one template to the next within the limits',
    async () => {
      await client.create(clusters, aCluster({ spec: {} }));
      await client.create(machineDeployments, aDeployment({}, inCluster()));
      await play();
      expect(await alive()).toHaveLength(3);
      await change({ template: template('1.35.0') });
      const seen: { readonly count: number; readonly ready: number }[] = [];
      await play((now) => seen.push({ count: now.length, ready: now.filter(isReady).length }));
      expect(Math.max(...seen.map(({ count }) => count))).toBe(4);
      expect(Math.min(...seen.map(({ ready }) => ready))).toBe(3);
      expect((await alive()).map(({ spec }) => spec?.versions?.kubelet)).toEqual(['1.35.0', '1.35.0', '1.35.0']);
      expect((await sets()).map(({ spec }) => spec?.replicas).sort()).toEqual([0, 3]);
      expect(await deployment()).toMatchObject({
        metadata: {
          finalizers: ['foregroundDeletion'],
          annotations: { 'machinedeployment.clusters.k8s.io/revision': '2' },
          ownerReferences: [{ kind: 'Cluster', name: 'c' }],
        },
        status: { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, unavailableReplicas: 0 },
      });
    },
    LONG_MS,
  );

  test(
    'CA row S8 scaled by kubectl to 5 and to 0: the scale subresource shows what is there',
    async () => {
      await kubectl('scale', 'machinedeployment/d', '--replicas=5');
      await play();
      const path = `/apis/cluster.k8s.io/v1alpha1/namespaces/${NAMESPACE}/machinedeployments/d/scale`;
      expect((await plane.request({ path })).body).toMatchObject({
        spec: { replicas: 5 },
        status: { replicas: 5, selector: 'app=d' },
      });
      await kubectl('scale', 'machinedeployment/d', '--replicas=0');
      await waitFor(async () => (await all()).length === 0, { what: 'no machine', timeoutMs: LONG_MS / 2 });
      const isZero = async (): Promise<boolean> => {
        const { body } = await plane.request({ path });
        return (body as { status?: { replicas?: number } }).status?.replicas === 0;
      };
      await waitFor(isZero, { what: 'the scale to say 0', timeoutMs: LONG_MS / 2 });
      for (const { metadata, status } of await sets()) {
        const scale = await plane.request({ path: path.replace('deployments/d', `sets/${metadata?.name ?? ''}`) });
        // A scale leaves spec.replicas out when it is 0.
        const { spec, status: shown } = scale.body as { spec: { replicas?: number }; status: { replicas: number } };
        expect([spec.replicas ?? 0, shown.replicas]).toEqual([0, 0]);
        expect(status).toMatchObject({ replicas: 0, readyReplicas: 0, availableReplicas: 0, fullyLabeledReplicas: 0 });
      }
    },
    LONG_MS,
  );

  test(
    'what has settled writes nothing',
    async () => {
      await play();
      const versions = async (): Promise<readonly unknown[]> =>
        [await deployment(), ...(await sets()), ...(await all())].map((object) => object?.metadata?.resourceVersion);
      const before = await versions();
      // A key that went through after the last of them: both controllers had their turn.
      await client.create(machineDeployments, aDeployment({ replicas: 0 }, { name: 'marker' }));
      const isMarked = async (): Promise<boolean> =>
        (await client.get(machineDeployments, { name: 'marker', namespace: NAMESPACE }))?.status !== undefined;
      await waitFor(isMarked, { what: 'the marker' });
      await client.remove(machineDeployments, { name: 'marker', namespace: NAMESPACE });
      expect((await versions()).slice(0, before.length)).toEqual(expect.arrayContaining([...before]));
    },
    LONG_MS,
  );

  test.each(['background', 'foreground'])(
    'CA row T15 deleted in the %s, with the garbage collector: sets and machines go, held machines are waited for',
    async (cascade) => {
      if (!(await deployment())) await client.create(machineDeployments, aDeployment({}, inCluster()));
      await change({ replicas: 2 });
      await play();
      const [held] = await alive();
      await client.patch(machines, objectKey(held ?? {}), {
        kind: 'merge',
        body: { metadata: { finalizers: [MACHINE_FINALIZER] } },
      });
      await kubectl('delete', 'machinedeployment/d', `--cascade=${cascade}`, '--wait=false');
      const isOnlyHeld = async (): Promise<boolean> => {
        const left = await all();
        return left.length === 1 && left.every((machine) => isDeleting(machine));
      };
      await waitFor(isOnlyHeld, { what: 'all machines but the held one to go', timeoutMs: LONG_MS / 2 });
      const owner = cascade === 'foreground' ? await deployment() : undefined;
      expect(owner?.metadata?.finalizers).toEqual(cascade === 'foreground' ? ['foregroundDeletion'] : undefined);
      await client.patch(machines, objectKey(held ?? {}), { kind: 'merge', body: { metadata: { finalizers: [] } } });
      await waitFor(nothingLeft, { what: 'nothing to be left', timeoutMs: LONG_MS / 2 });
    },
    2 * LONG_MS,
  );

  test(
    'CA row T15 deleted in the foreground where no garbage collector runs: the same',
    async () => {
      await plane.controllerManager?.stop();
      await client.create(machineDeployments, aDeployment({}, inCluster()));
      await play();
      await kubectl('delete', 'machinedeployment/d', '--cascade=foreground', '--wait=false');
      await waitFor(nothingLeft, { what: 'nothing to be left', timeoutMs: LONG_MS / 2 });
    },
    LONG_MS,
  );
});
