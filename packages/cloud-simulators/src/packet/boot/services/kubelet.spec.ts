// The decisions of the stand-in of a kubelet: its settings, its Node, its static pods.
import { describe, expect, test } from '@jest/globals';
import { nodeKubeconfig, readKubeconfig } from './kubeconfig-file.ts';
import { readKubeletSettings } from './kubelet-settings.ts';
import type { KubeletFiles } from './kubelet-settings.ts';
import { desiredLease, desiredNode, nodeStatus } from './node-object.ts';
import type { MachineFacts } from './node-object.ts';
import { mirrorPod, planStaticPod } from './static-pod-plan.ts';

const settingsOf = (files: Partial<KubeletFiles> = {}) =>
  readKubeletSettings({ config: '', kubeadmFlags: '', extraArgs: '', hostname: 'Node-1', ...files });

const facts: MachineFacts = {
  hostname: 'Node-1',
  kubeletVersion: 'v1.36.3',
  address: '198.18.0.1',
  architecture: 'amd64',
  kernelVersion: '6.0',
  osImage: 'Linux',
  bootId: 'boot',
  machineId: 'machine',
  cpus: 2,
  memoryBytes: 4096,
  startedAt: '2026-01-01T00:00:00.000Z',
};
const now = '2026-01-01T00:01:00.000Z';

describe('settings', () => {
  test('come from the configuration and the flags of both files, the later ones winning', () => {
    const settings = settingsOf({
      config:
        'staticPodPath: /etc/kubernetes/manifests\nhealthzPort: 1\nproviderID: a://1\nregisterWithTaints:\n- {key: a, effect: NoSchedule}\n',
      kubeadmFlags:
        'KUBELET_KUBEADM_ARGS="--cloud-provider=external --node-ip 10.0.0.1 --node-labels=a=b,c= --provider-id=b://2"\n',
      extraArgs: "KUBELET_EXTRA_ARGS='--node-ip=10.0.0.2,fd00::1 --hostname-override=Other'\n",
    });
    expect(settings).toEqual({
      nodeName: 'other',
      nodeIps: ['10.0.0.2', 'fd00::1'],
      hasExternalCloudProvider: true,
      providerId: 'b://2',
      labels: { a: 'b', c: '' },
      taints: [{ key: 'a', effect: 'NoSchedule' }],
      registersNode: true,
      staticPodFolder: '/etc/kubernetes/manifests',
      healthAddress: '127.0.0.1',
      healthPort: 1,
    });
  });

  test('taints of a flag replace those of the configuration', () => {
    const { taints } = settingsOf({
      config: 'registerWithTaints: [{key: a, effect: NoSchedule}]',
      kubeadmFlags: 'KUBELET_KUBEADM_ARGS="--register-with-taints=b=c:NoExecute,d:NoSchedule"',
    });
    expect(taints).toEqual([
      { key: 'b', value: 'c', effect: 'NoExecute' },
      { key: 'd', effect: 'NoSchedule' },
    ]);
  });
});

describe('the Node', () => {
  test.each([
    { when: 'there is no cloud', args: '', addresses: ['198.18.0.1', 'node-1'] },
    { when: 'a controller of the cloud will say', args: '--cloud-provider=external', addresses: [] },
    {
      when: 'one was asked for',
      args: '--cloud-provider=external --node-ip=10.0.0.1',
      addresses: ['10.0.0.1', 'node-1'],
    },
  ])('has addresses when $when', ({ args, addresses }) => {
    const node = desiredNode(settingsOf({ kubeadmFlags: `KUBELET_KUBEADM_ARGS="${args}"` }), facts, now);
    const found = node.status?.['addresses'] as readonly { readonly address: string }[];
    expect(found.map(({ address }) => address)).toEqual(addresses);
  });

  test('waits for the controller of an external cloud, with the address that it was told to have', () => {
    const node = desiredNode(
      settingsOf({ kubeadmFlags: 'KUBELET_KUBEADM_ARGS="--cloud-provider=external --node-ip=10.0.0.1"' }),
      facts,
      now,
    );
    expect(node.spec).toEqual({
      taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }],
    });
    expect(node.metadata?.annotations).toMatchObject({ 'alpha.kubernetes.io/provided-node-ip': '10.0.0.1' });
  });

  test("reports no addresses later, which are then the cloud's", () => {
    expect(Object.keys(nodeStatus(settingsOf(), facts, now))).not.toContain('addresses');
    expect(desiredLease('node-1', 'uid', now).spec).toMatchObject({ renewTime: '2026-01-01T00:01:00.000000Z' });
  });
});

describe('static pods', () => {
  const images = { etcd: { '*': '/bin/etcd' }, 'kube-apiserver': { '1.36': '/bin/api' } };
  const manifest = (image: string): string =>
    `metadata: {name: a, namespace: kube-system}\nspec:\n  containers:\n  - name: c\n    image: ${image}\n    command: [x, --y]\n    args: [z]\n    env: [{name: A, value: b}]\n`;

  test.each([
    { image: 'registry.k8s.io/kube-apiserver:v1.36.1', command: ['/bin/api', '--y', 'z'] },
    { image: 'localhost:5000/some/etcd:3.6.5-0@sha256:00', command: ['/bin/etcd', '--y', 'z'] },
    { image: 'registry.k8s.io/kube-apiserver:v1.30.0', command: undefined },
    { image: 'ghcr.io/kube-vip/kube-vip:v1.0.0', command: undefined },
  ])('$image', ({ image, command }) => {
    const plan = planStaticPod(manifest(image), images);
    if (command === undefined) expect(plan).toEqual({ problem: `image ${image} is not run on simulated machines` });
    else expect(plan).toMatchObject({ name: 'a', programs: [{ name: 'c', command, env: { A: 'b' } }] });
  });

  test.each(['', 'a: b', '{', 'metadata: {name: a}'])('%p is no pod', (text) => {
    expect(planStaticPod(text, images)).toHaveProperty('problem');
  });

  test('have a mirror that belongs to the node', () => {
    const plan = planStaticPod(manifest('etcd:3'), images);
    const mirror = 'pod' in plan ? mirrorPod(plan.pod, { name: 'node-1', uid: 'u' }, 'h') : {};
    expect(mirror).toMatchObject({
      metadata: {
        name: 'a-node-1',
        annotations: { 'kubernetes.io/config.mirror': 'h' },
        ownerReferences: [{ uid: 'u' }],
      },
      spec: { nodeName: 'node-1' },
    });
  });
});

test('kubeconfigs are read with what is in them', () => {
  const b64 = (text: string): string => Buffer.from(text).toString('base64');
  const text = `current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: 'https://a:1', certificate-authority-data: ${b64('CA')}}}]
users: [{name: u, user: {token: t, client-key-data: ${b64('KEY')}}}]
`;
  expect(readKubeconfig(text)).toEqual({ server: 'https://a:1', ca: 'CA', key: 'KEY', token: 't' });
  expect(readKubeconfig('')).toEqual({ server: '', ca: '' });
  const own = nodeKubeconfig({ server: 'https://a:1', ca: 'CA' }, '/dev/null');
  expect(readKubeconfig(own)).toEqual({ server: 'https://a:1', ca: 'CA', cert: '', key: '' });
});
