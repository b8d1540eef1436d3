// The pod network of addons.yaml: flannel, by the images that its project publishes, at fixed versions; the manifest is ours. Packet's
// network is routed (L3) and knows no pod addresses, so pods of different machines talk through VXLAN. It runs over the private addresses:
// they cost nothing and stay inside the project. Machines in several facilities need the project's backend transfer for that.

/** Pinned: a new version is a change of this file. */
export const POD_NETWORK_IMAGES = {
  flannel: 'ghcr.io/flannel-io/flannel:v0.27.4',
  plugin: 'ghcr.io/flannel-io/flannel-cni-plugin:v1.8.0-flannel1',
} as const;

const NAMESPACE = 'kube-flannel';
const NAME = 'flannel';
const LABELS = { app: 'flannel', 'k8s-app': 'flannel', tier: 'node' } as const;
const rbac = 'rbac.authorization.k8s.io';

/** All objects of the pod network. `podCidr` is that of the Cluster. */
export function podNetwork(podCidr: string): readonly object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { 'k8s-app': NAME, 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: NAME },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-flannel-cfg', namespace: NAMESPACE, labels: LABELS },
      data: { 'cni-conf.json': asJson(cniConfig), 'net-conf.json': asJson(networkConfig(podCidr)) },
    },
    daemonSet(),
  ];
}

const cniConfig = {
  name: 'cbr0',
  cniVersion: '0.3.1',
  plugins: [
    { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

function networkConfig(podCidr: string): object {
  return { Network: podCidr, EnableNFTables: false, Backend: { Type: 'vxlan' } };
}

function asJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function daemonSet(): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', namespace: NAMESPACE, labels: LABELS },
    spec: {
      selector: { matchLabels: { app: 'flannel', 'k8s-app': 'flannel' } },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: NAME,
          priorityClassName: 'system-node-critical',
          hostNetwork: true,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          // No node is ready before it runs there.
          tolerations: [{ operator: 'Exists' }],
          initContainers,
          containers: [flanneld],
          volumes: [
            hostFolder('run', '/run/flannel'),
            hostFolder('cni-plugin', '/opt/cni/bin'),
            hostFolder('cni', '/etc/cni/net.d'),
            { name: 'flannel-cfg', configMap: { name: 'kube-flannel-cfg' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          ],
        },
      },
    },
  };
}

const copy = (name: string, image: string, args: readonly string[], mounts: readonly object[]): object => ({
  name,
  image,
  command: ['cp'],
  args: ['-f', ...args],
  volumeMounts: mounts,
});
const configMount = { name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' };

const initContainers = [
  copy(
    'install-cni-plugin',
    POD_NETWORK_IMAGES.plugin,
    ['/flannel', '/opt/cni/bin/flannel'],
    [{ name: 'cni-plugin', mountPath: '/opt/cni/bin' }],
  ),
  copy(
    'install-cni',
    POD_NETWORK_IMAGES.flannel,
    ['/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'],
    [{ name: 'cni', mountPath: '/etc/cni/net.d' }, configMount],
  ),
];

const flanneld = {
  name: 'kube-flannel',
  image: POD_NETWORK_IMAGES.flannel,
  command: ['/opt/bin/flanneld'],
  // Private addresses of Packet are all from 10.0.0.0/8.
  args: ['--ip-masq', '--kube-subnet-mgr', String.raw`--iface-regex=^10\.`],
  env: [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
  ],
  resources: { requests: { cpu: '100m', memory: '50Mi' } },
  securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
  volumeMounts: [
    { name: 'run', mountPath: '/run/flannel' },
    configMount,
    { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
  ],
};

function hostFolder(name: string, path: string): object {
  return { name, hostPath: { path, type: 'DirectoryOrCreate' } };
}
