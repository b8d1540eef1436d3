// The objects that run one part of the managers: account, rights, Service and StatefulSet. StatefulSets, because a pivot finds what it has
// to stop by that kind, and because of them there is never a second pod before the first has ended.
import { CREDENTIALS_SECRET } from '../api/names.ts';
import { POD_LABELS } from './component-names.ts';
import type { Part } from './component-names.ts';
import { clusterRules, leaseRules } from './rights.ts';

/** What differs from one file to another. */
export interface PartSettings {
  readonly image: string;
  /** `PACKET_API_URL`, when the API is not the public one. */
  readonly apiUrl?: string;
  /** ConfigMap with machine_configs.yaml, for the packet part. */
  readonly machineSetup?: string;
}

const RBAC = 'rbac.authorization.k8s.io';
const CONFIG_FOLDER = '/etc/machineconfig';

/** The namespace; its pods need no privileges, and the API server sees to it. */
export function namespaceOf(part: Part): object {
  const labels = { ...POD_LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: part.namespace, labels } };
}

/** Account, roles and bindings. */
export function rightsOf(part: Part): readonly object[] {
  const { namespace, account, role, binding } = part;
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
  const lease = `${part.statefulSet}-leader-election`;
  const rbac = (kind: string, name: string, rest: object, inNamespace?: string): object => ({
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { name, ...(inNamespace && { namespace: inNamespace }) },
    ...rest,
  });
  const refer = (kind: string, name: string): object => ({ roleRef: { apiGroup: RBAC, kind, name }, subjects });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
    rbac('ClusterRole', role, { rules: clusterRules(part) }),
    rbac('ClusterRoleBinding', binding, refer('ClusterRole', role)),
    rbac('Role', lease, { rules: leaseRules(part) }, namespace),
    rbac('RoleBinding', lease, refer('Role', lease), namespace),
  ];
}

/** Metrics and health, for whoever wants to look. */
export function serviceOf({ service, namespace }: Part): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace, labels: POD_LABELS },
    spec: {
      selector: POD_LABELS,
      ports: [
        { name: 'metrics', port: 8080, targetPort: 'metrics' },
        { name: 'health', port: 9440, targetPort: 'health' },
      ],
    },
  };
}

/** The pod that runs the controllers. */
export function statefulSetOf(part: Part, settings: PartSettings): object {
  const { machineSetup } = settings;
  const volume = { name: 'machine-setup', configMap: { name: machineSetup } };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: part.statefulSet, namespace: part.namespace, labels: POD_LABELS },
    spec: {
      replicas: 1,
      serviceName: part.service,
      selector: { matchLabels: POD_LABELS },
      template: {
        metadata: { labels: POD_LABELS },
        spec: {
          serviceAccountName: part.account,
          priorityClassName: 'system-cluster-critical',
          // An order that is under way is finished and remembered before the program ends.
          terminationGracePeriodSeconds: 30,
          affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [onControlPlane] } },
          tolerations,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [containerOf(part, settings)],
          ...(machineSetup !== undefined && { volumes: [volume] }),
        },
      },
    },
  };
}

// Workers come and go by the hand of these very controllers.
const onControlPlane = {
  weight: 100,
  preference: { matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] },
};

const tolerations = [
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node-role.kubernetes.io/master', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'CriticalAddonsOnly', operator: 'Exists' },
  { key: 'node.cloudprovider.kubernetes.io/uninitialized', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
];

function containerOf(part: Part, { image, apiUrl, machineSetup }: PartSettings): object {
  const hasConfig = machineSetup !== undefined;
  return {
    name: 'manager',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/manager'],
    args: [
      `--controllers=${part.controllers}`,
      ...(hasConfig ? [`--config=${CONFIG_FOLDER}/machine_configs.yaml`] : []),
      '--leader-elect=true',
      '--metrics-addr=:8080',
      '--health-addr=:9440',
    ],
    env: [
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      fromField('NODE_NAME', 'spec.nodeName'),
      ...(part.controllers === 'packet'
        ? [fromCredentials('PACKET_API_KEY', 'apiKey'), fromCredentials('PACKET_PROJECT_ID', 'projectID')]
        : []),
      ...(apiUrl !== undefined ? [{ name: 'PACKET_API_URL', value: apiUrl }] : []),
    ],
    ports: [
      { name: 'metrics', containerPort: 8080 },
      { name: 'health', containerPort: 9440 },
    ],
    livenessProbe: {
      httpGet: { path: '/livez', port: 'health' },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
    readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 5, timeoutSeconds: 5 },
    resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...(hasConfig && { volumeMounts: [{ name: 'machine-setup', mountPath: CONFIG_FOLDER, readOnly: true }] }),
  };
}

function fromField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function fromCredentials(name: string, key: string): object {
  return { name, valueFrom: { secretKeyRef: { name: CREDENTIALS_SECRET, key } } };
}
