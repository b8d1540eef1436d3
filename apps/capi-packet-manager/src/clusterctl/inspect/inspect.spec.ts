// `validate cluster` and `describe cluster`: their lines, from objects.
import { describe, expect, test } from '@jest/globals';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Machine } from '../../api/objects.ts';
import type { Pod } from '../kube-kinds.ts';
import { scopeOf } from '../pivot/move-scope.ts';
import { aCluster, aDeployment, aMachine } from '../test-support/a-cluster.ts';
import { describeCluster } from './describe-plan.ts';
import { validateCluster } from './validate-plan.ts';
import type { Findings } from './validate-plan.ts';

function aNode(name: string, ready: 'True' | 'False'): KubeNode {
  const condition = { type: 'Ready', status: ready, reason: 'Kubelet', message: 'container runtime is down' };
  return { metadata: { name }, status: { conditions: [condition] } };
}

function aPod(name: string, phase: string, isReady = true): Pod {
  return { metadata: { name }, status: { phase, containerStatuses: [{ name: 'main', ready: isReady }] } };
}

function joined(machine: Machine): Machine {
  const name = machine.metadata?.name ?? '';
  return { ...machine, status: { phase: 'Running', nodeRef: { kind: 'Node', name, uid: `uid-${name}` } } };
}

const healthy: Findings = {
  cluster: aCluster(),
  machines: [joined(aMachine('web-master-0', {}, '1.36.3'))],
  nodes: [aNode('web-master-0', 'True')],
  pods: [aPod('coredns', 'Running'), aPod('once', 'Succeeded', false)],
};

describe('validateCluster', () => {
  test('CA row P18 all is well: the lines of old, every check passes', () => {
    const { lines, isHealthy } = validateCluster(healthy);
    expect(isHealthy).toBe(true);
    expect(lines).toEqual([
      'Validating Cluster API objects in namespace "default"',
      'Checking cluster object "web"... PASS',
      'Checking machine object "web-master-0"... PASS',
      '',
      'Validating pods in namespace "kube-system"',
      'Checking pods... PASS',
      'Component statuses: not checked (the API server no longer has them)',
    ]);
  });

  test.each([
    {
      when: 'CA row P18 a Node that is not ready',
      over: { nodes: [aNode('web-master-0', 'False')] },
      says: [
        'Checking machine object "web-master-0"... FAIL',
        '\t[node "web-master-0" is not ready: container runtime is down]',
      ],
    },
    {
      when: 'CA row P18 a pod that is pending',
      over: { pods: [aPod('coredns', 'Pending')] },
      says: ['Checking pods... FAIL', '\t[pod "coredns" is Pending]'],
    },
    {
      when: 'CA row P18 a container that is not ready',
      over: { pods: [aPod('coredns', 'Running', false)] },
      says: ['\t[pod "coredns": container "main" is not ready]'],
    },
    { when: 'CA row P18 no pod at all', over: { pods: [] }, says: ['\t[there is no pod in kube-system]'] },
    { when: 'CA row P18 no Node of the name', over: { nodes: [] }, says: ['\t[node "web-master-0" does not exist]'] },
    {
      when: 'CA row P18 a machine that has not joined',
      over: { machines: [aMachine('w')] },
      says: ['\t[the corresponding node is not known yet (status.nodeRef is missing)]'],
    },
    {
      when: 'CA row P18 a Cluster with an error',
      over: { cluster: { ...aCluster(), status: { errorReason: 'CreateError' as const, errorMessage: 'no project' } } },
      says: ['Checking cluster object "web"... FAIL', '\t[CreateError: no project]'],
    },
  ])('$when', ({ over, says }) => {
    const { lines, isHealthy } = validateCluster({ ...healthy, ...over });
    expect(isHealthy).toBe(false);
    expect(lines).toEqual(expect.arrayContaining(says));
  });
});

test('describeCluster draws what belongs to a cluster, with the conditions that are not as they should be', () => {
  const owner = {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'MachineSet',
    name: 'blue-1',
    uid: 's',
    controller: true,
  };
  const waiting = {
    type: 'DeviceReady',
    status: 'False',
    reason: 'InsufficientResources',
    message: 'ewr1 is sold out',
    lastTransitionTime: '',
  } as const;
  const fine = {
    type: 'CAValid',
    status: 'True',
    reason: 'Valid',
    message: 'until 2036',
    lastTransitionTime: '',
  } as const;
  const labels = { 'cluster.k8s.io/cluster-name': 'web' };
  const set = {
    metadata: {
      name: 'blue-1',
      namespace: 'default',
      labels,
      ownerReferences: [{ ...owner, kind: 'MachineDeployment', name: 'blue' }],
    },
    spec: { replicas: 1 },
  };
  const scope = scopeOf(
    { namespace: 'default', name: 'web' },
    {
      clusters: [{ ...aCluster(), status: { apiEndpoints: [{ host: '147.75.1.1', port: 6443 }], conditions: [fine] } }],
      secrets: [],
      machineClasses: [],
      machineDeployments: [aDeployment('blue')],
      machineSets: [set],
      machines: [
        joined(aMachine('web-master-0', {}, '1.36.3')),
        { ...aMachine('blue-1-x', { ownerReferences: [owner] }), status: { phase: 'Pending', conditions: [waiting] } },
      ],
    },
  );
  expect(describeCluster(scope, { isWhole: false })).toEqual([
    'Cluster/web  not ready, https://147.75.1.1:6443',
    '├─Machine/web-master-0  Running, control plane, v1.36.3, node web-master-0',
    '└─MachineDeployment/blue  0 of 3 available',
    '  └─MachineSet/blue-1  0 of 1 available',
    '    └─Machine/blue-1-x  Pending, v1.36.3',
    '          DeviceReady=False InsufficientResources: ewr1 is sold out',
  ]);
  expect(describeCluster(scope, { isWhole: true })).toContain('│   CAValid=True Valid: until 2036');
});
