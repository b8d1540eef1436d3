// Files whose pod networks agree, differ, or say nothing.
import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/objects.ts';
import { podNetworkProblems } from './pod-network-problem.ts';

const cluster = (cidrBlocks: readonly string[]): Cluster => ({
  metadata: { namespace: 'default', name: 'web' },
  spec: { clusterNetwork: { pods: { cidrBlocks } } },
});
const flannel = (text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'kube-flannel', name: 'kube-flannel-cfg' },
  data: { 'net-conf.json': text },
});

test.each([
  { when: 'the same', pods: ['172.26.0.0/16'], text: '{"Network":"172.26.0.0/16"}', problems: 0 },
  { when: 'one of two', pods: ['fd00::/48', '172.26.0.0/16'], text: '{"Network":"172.26.0.0/16"}', problems: 0 },
  { when: 'another one', pods: ['10.8.0.0/16'], text: '{"Network":"172.26.0.0/16"}', problems: 1 },
  { when: 'no network in the Cluster', pods: [], text: '{"Network":"172.26.0.0/16"}', problems: 0 },
  { when: 'no JSON', pods: ['10.8.0.0/16'], text: 'Network', problems: 0 },
  { when: 'JSON without a network', pods: ['10.8.0.0/16'], text: '{}', problems: 0 },
])('$when', ({ pods, text, problems }) => {
  expect(podNetworkProblems(cluster(pods), [flannel(text)])).toHaveLength(problems);
});

test('says both networks and where they stand', () => {
  expect(podNetworkProblems(cluster(['10.8.0.0/16']), [flannel('{"Network":"172.26.0.0/16"}')])).toEqual([
    'ConfigMap kube-flannel/kube-flannel-cfg of the addons: net-conf.json has the network 172.26.0.0/16, but spec.clusterNetwork.pods of Cluster default/web is 10.8.0.0/16: write the same into both',
  ]);
});
