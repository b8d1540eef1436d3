// The planner's tables: one fact more, one step further.
import { describe, expect, test } from '@jest/globals';
import type { Device } from '@longshore/packet-api';
import { annotations, FOREGROUND_FINALIZER, MACHINE_FINALIZER } from '../api/names.ts';
import type { Condition, Machine } from '../api/objects.ts';
import { readMachineProviderSpec } from '../api/packet-specs.ts';
import { requireApiKey } from '../process/api-key.ts';
import { planEntrance } from './entrance-plan.ts';
import type { MachineFacts } from './machine-facts.ts';
import { memoryOf, memoryPatch } from './machine-memory.ts';
import { planMachine } from './machine-plan.ts';
import { MACHINE_SETTINGS } from './machine-settings.ts';
import { statusPatch } from './status-patch.ts';
import { notReady, withDevice } from './status-wishes.ts';
import { aCluster, aMaster, aWorker, ofSet } from './test-support/builders.ts';

const PROJECT = 'b3f1c0de-5eed-4000-8000-000000000001';
const DEVICE = '0d9f6a3e-0000-4000-8000-000000000001';
const NOW = Date.UTC(2026, 0, 1, 12);
const world = { projectId: PROJECT };
const cluster = { ...aCluster(world), metadata: { namespace: 'default', name: 'blue', uid: 'blue-uid' } };
const owned = {
  finalizers: [MACHINE_FINALIZER, FOREGROUND_FINALIZER],
  ownerReferences: [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster', name: 'blue', uid: 'blue-uid' }],
};
const known = {
  [annotations.machineUid]: 'attempt-1',
  [annotations.projectId]: PROJECT,
  [annotations.createRequestedAt]: new Date(NOW - 600_000).toISOString(),
  [annotations.deviceId]: DEVICE,
};

function withNotes(machine: Machine, notes: Readonly<Record<string, string>>, more: Machine['metadata'] = {}): Machine {
  return { ...machine, metadata: { ...machine.metadata, ...owned, ...more, annotations: notes } };
}

function facts(machine: Machine, more: Partial<MachineFacts> = {}): MachineFacts {
  return {
    nowMs: NOW,
    settings: MACHINE_SETTINGS,
    machine,
    memory: memoryOf(machine),
    cluster,
    hasExternalEndpoint: false,
    otherMasters: [],
    reading: readMachineProviderSpec(machine, () => undefined),
    newAttemptId: 'attempt-new',
    ...more,
  };
}

const device = (wish: Partial<Device> = {}): Device =>
  ({
    id: DEVICE,
    hostname: 'w-0',
    state: 'active',
    tags: [
      'cluster-api-provider-packet:machine-uid:attempt-1',
      'cluster-api-provider-packet:cluster-id:blue',
      'cluster-api-provider-packet:namespace:default',
      'kubernetes.io/role:node',
    ],
    addresses: [],
    ...wish,
  }) as Device;
const present = (wish: Partial<Device> = {}) => ({ state: 'present', device: device(wish), duplicates: [] }) as const;
const joined = { nodeRef: { kind: 'Node', name: 'w-0', uid: 'u' } } as const;
const running = {
  ...withNotes(aWorker(world), known),
  spec: { ...aWorker(world).spec, providerID: `packet://${DEVICE}` },
};
const leaving = { deletionTimestamp: new Date(NOW - 5_000).toISOString() };
const master = (name: string, ready = 'True'): Machine => ({
  ...withNotes(aMaster(world, { name }), known),
  status: { ...joined, conditions: [{ type: 'NodeReady', status: ready } as Condition] },
});
const leavingMaster: Machine = { ...withNotes(aMaster(world, { name: 'm-0' }), known, leaving), status: joined };
const gone = { finding: { state: 'gone' } } as const;
const answering = { ...cluster, status: { conditions: [{ type: 'APIServerReachable', status: 'True' } as Condition] } };
const notReadyStatus = (reason: string): NonNullable<Machine['status']> => ({
  conditions: [{ type: 'DeviceReady', status: 'False', reason } as Condition],
});

describe('planMachine', () => {
  test.each<{ when: string; facts: MachineFacts; step: object }>([
    { when: 'it belongs to nobody yet', facts: facts(aWorker(world)), step: { do: 'own' } },
    {
      when: 'its owner has the uid of another API server (D17)',
      facts: facts(
        withNotes(
          aWorker(world),
          {},
          { ownerReferences: [{ ...owned.ownerReferences[0]!, uid: 'uid of before the move' }] },
        ),
      ),
      step: { do: 'own' },
    },
    { when: 'there is no Cluster', facts: facts(aWorker(world), { cluster: undefined }), step: { do: 'rest' } },
    { when: 'nothing was tried yet', facts: facts(withNotes(aWorker(world), {})), step: { do: 'prepare' } },
    { when: 'there is an attempt', facts: facts(running), step: { do: 'find' } },
    {
      when: 'the API does not say anything of a known device: nothing is shown, nothing is done',
      facts: facts(running, { finding: { state: 'unknown', message: 'no', isCredentials: false } }),
      step: { do: 'rest', again: { afterMs: 15_000, reason: 'no' } },
    },
    {
      when: 'the device was found and is not stored',
      facts: facts(withNotes(aWorker(world), { ...known, [annotations.deviceId]: '' }), { finding: present() }),
      step: { do: 'remember', memory: { deviceId: DEVICE, attemptId: 'attempt-1' } },
    },
    {
      when: 'the Node is there and the keys are still in the user data',
      facts: facts({ ...running, status: joined }, { finding: present({ userdata: 'keys' }) }),
      step: { do: 'clear-user-data' },
    },
    { when: 'all is well', facts: facts({ ...running, status: joined }, { finding: present() }), step: { do: 'rest' } },
    { when: 'a worker of its own is lost: its Node first', facts: facts(running, gone), step: { do: 'remove-node' } },
    {
      when: 'its Node could not be deleted: again',
      facts: facts(running, { ...gone, nodeRemoval: { state: 'failed', message: 'no' } }),
      step: { do: 'rest', status: { phase: 'Failed' }, again: { isGrowing: true } },
    },
    {
      when: 'then another attempt',
      facts: facts(running, { ...gone, nodeRemoval: { state: 'done' } }),
      step: { do: 'event', then: { do: 'remember', memory: { attemptId: 'attempt-new', projectId: PROJECT } } },
    },
    {
      when: 'one of a set is lost',
      facts: facts({ ...running, metadata: { ...running.metadata, ...ofSet } }, gone),
      step: { do: 'delete-machine', event: { reason: 'DeviceLost' } },
    },
    {
      when: 'a master is lost and the endpoint was its own',
      facts: facts(master('m-0'), { ...gone, otherMasters: [master('m-1')] }),
      step: { do: 'rest', status: { phase: 'Failed' } },
    },
    {
      when: 'a master is lost that never became one, without another: it counts as one that failed',
      facts: facts({ ...master('m-0'), status: {} }, gone),
      step: { do: 'event', then: { do: 'remember', memory: { failedAttempt: 'attempt-1' } } },
    },
    {
      when: 'the same, with another device of the cluster',
      facts: facts({ ...master('m-0'), status: {} }, { ...gone, otherMasters: [master('m-1')] }),
      step: { do: 'rest', status: { phase: 'Failed' } },
    },
    {
      when: 'the same, but an API server answers',
      facts: facts({ ...master('m-0'), status: {} }, { ...gone, cluster: answering }),
      step: { do: 'rest', status: { phase: 'Failed' } },
    },
    {
      when: 'it was said that the data is gone, and the Node is forgotten since',
      facts: facts({ ...master('m-0'), status: notReadyStatus('DeviceLost') }, gone),
      step: { do: 'rest', status: { phase: 'Failed' } },
    },
    {
      when: 'a master is lost and no other one is ready',
      facts: facts(master('m-0'), { ...gone, hasExternalEndpoint: true, otherMasters: [master('m-1', 'Unknown')] }),
      step: { do: 'rest', status: { phase: 'Failed' } },
    },
    {
      when: 'a master is lost and another one is ready',
      facts: facts(master('m-0'), { ...gone, hasExternalEndpoint: true, otherMasters: [master('m-1')] }),
      step: { do: 'remove-member' },
    },
    {
      when: 'etcd refused to let the lost master go',
      facts: facts(master('m-0'), {
        ...gone,
        hasExternalEndpoint: true,
        otherMasters: [master('m-1')],
        memberRemoval: { state: 'failed', message: 'no quorum' },
      }),
      step: { do: 'rest', again: { isGrowing: true } },
    },
    {
      when: 'it is deleted and never had a device',
      facts: facts(withNotes(aWorker(world), {}, leaving)),
      step: { do: 'release' },
    },
    {
      when: 'it is deleted, has an attempt of ours and no POST was sent',
      facts: facts(
        withNotes(aWorker(world), { [annotations.machineUid]: 'a', [annotations.projectId]: PROJECT }, leaving),
      ),
      step: { do: 'release' },
    },
    {
      when: 'it is deleted and has an attempt of the Go program',
      facts: facts(withNotes(aWorker(world), { [annotations.machineUid]: 'a' }, leaving)),
      step: { do: 'remove-device' },
    },
    {
      when: 'it is deleted, and its cluster too: nobody in the cluster is asked',
      facts: facts(
        { ...withNotes(aWorker(world), known, leaving), status: joined },
        { cluster: { ...cluster, metadata: { ...cluster.metadata, ...leaving } }, otherMasters: [master('m-0')] },
      ),
      step: { do: 'remove-device' },
    },
    {
      when: 'it is deleted, and its Node is still there',
      facts: facts({ ...withNotes(aWorker(world), known, leaving), status: joined }, { otherMasters: [master('m-0')] }),
      step: { do: 'remove-node' },
    },
    {
      when: 'a master is deleted: its Node first, while the address that may lead to it still answers',
      facts: facts(leavingMaster, { hasExternalEndpoint: true, otherMasters: [master('m-1')] }),
      step: { do: 'remove-node' },
    },
    {
      when: 'then its etcd member',
      facts: facts(leavingMaster, {
        hasExternalEndpoint: true,
        otherMasters: [master('m-1')],
        nodeRemoval: { state: 'done' },
      }),
      step: { do: 'remove-member' },
    },
    {
      when: 'it is deleted and the API refuses the key (row L7)',
      facts: facts(withNotes(aWorker(world), known, leaving), {
        removal: { state: 'refused', message: '401', isCredentials: true },
      }),
      step: { do: 'rest', again: { afterMs: 60_000 } },
    },
  ])('$when', ({ facts: given, step }) => {
    expect(planMachine(given)).toMatchObject(step);
  });
});

describe('planEntrance', () => {
  const named = (attempt: string) => ({
    ...cluster,
    metadata: { ...cluster.metadata, annotations: { [annotations.initAttempt]: attempt } },
  });
  const me = (attempt?: string) => withNotes(aMaster(world), attempt ? { [annotations.machineUid]: attempt } : {});
  const other = (notes: Readonly<Record<string, string>>) => withNotes(aMaster(world, { name: 'm-1' }), notes);
  test.each([
    { when: 'it is a worker', machine: aWorker(world), cluster, others: [], external: false, kind: 'join' },
    { when: 'nobody was first', machine: me(), cluster, others: [], external: false, kind: 'init' },
    {
      when: 'nobody was first and another waits too',
      machine: me(),
      cluster,
      others: [other({})],
      external: false,
      kind: 'init',
    },
    {
      when: 'it is named itself',
      machine: me('a'),
      cluster: named('a'),
      others: [other(known)],
      external: true,
      kind: 'init',
    },
    {
      when: 'another one is named, and has only its attempt',
      machine: me(),
      cluster: named('b'),
      others: [other({ [annotations.machineUid]: 'b' })],
      external: true,
      kind: 'join-control-plane',
    },
    {
      when: 'the same without an external endpoint',
      machine: me(),
      cluster: named('b'),
      others: [other({ [annotations.machineUid]: 'b' })],
      external: false,
      kind: 'refused',
    },
    {
      when: 'a master of the Go program runs',
      machine: me(),
      cluster,
      others: [other(known)],
      external: true,
      kind: 'join-control-plane',
    },
    {
      when: 'the named one is gone, and nobody else was started',
      machine: me('c'),
      cluster: named('b'),
      others: [],
      external: true,
      kind: 'init',
    },
    {
      when: 'the named one is gone, and others run',
      machine: me('c'),
      cluster: named('b'),
      others: [other(known)],
      external: true,
      kind: 'join-control-plane',
    },
  ])('CA row M31 $when: $kind', ({ machine, cluster: given, others, external, kind }) => {
    const facts = { machine, cluster: given, hasExternalEndpoint: external, otherMasters: others };
    expect(planEntrance(facts).kind).toBe(kind);
  });
});

describe('memory and status', () => {
  test('what is stored is read back; a provider ID with the other prefix stays', () => {
    const memory = { attemptId: 'a', requestedAtMs: NOW, projectId: memoryOf(running).projectId!, failedAttempt: 'b' };
    const { metadata } = memoryPatch(running, memory, 'packet') as { metadata: NonNullable<Machine['metadata']> };
    const stored = Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([, value]) => value !== null));
    expect(memoryOf(withNotes(aWorker(world), stored))).toEqual(memory);
    const foreign = { ...running, spec: { ...running.spec, providerID: `equinixmetal://${DEVICE.toUpperCase()}` } };
    expect(memoryPatch(foreign, memoryOf(foreign), 'packet')).not.toHaveProperty('spec');
  });

  test('a message that differs in the number of the request only is not written again', () => {
    const said = (id: string) => notReady('Pending', 'X', `refused: 403 (request "${id}") no`, 'CreateError');
    const first = statusPatch(running, said('1'), NOW) as { status: NonNullable<Machine['status']> };
    const shown = { ...running, status: JSON.parse(JSON.stringify(first.status)) as NonNullable<Machine['status']> };
    expect(statusPatch(shown, said('2'), NOW + 1)).toBeUndefined();
  });

  test('D7: every Machine has a providerStatus, and what is shown already is not written', () => {
    const first = statusPatch(running, withDevice(running, device()), NOW) as {
      status: NonNullable<Machine['status']>;
    };
    expect(first.status.providerStatus).toMatchObject({ deviceID: DEVICE, attemptID: 'attempt-1' });
    const shown = { ...running, status: JSON.parse(JSON.stringify(first.status)) as NonNullable<Machine['status']> };
    expect(statusPatch(shown, withDevice(shown, device()), NOW + 1)).toBeUndefined();
  });
});

test('CA row M19 without an API key the program does not start, and names the variable', () => {
  for (const env of [{}, { PACKET_API_KEY: '' }]) {
    expect(() => requireApiKey(env)).toThrow(
      expect.objectContaining({ disposition: { retry: 'never' }, message: expect.stringContaining('PACKET_API_KEY') }),
    );
  }
});
