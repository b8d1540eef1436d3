// Which labels a kubelet may put on its own Node. The others (roles, for example) make a kubelet refuse to start or are refused by the API
// server; the manager writes them instead. Rule: kubelet's --node-labels and the admission plug-in NodeRestriction. Pure.

const ALLOWED: readonly string[] = [
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
];
const ALLOWED_NAMESPACES: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const RESERVED_NAMESPACES: readonly string[] = ['kubernetes.io', 'k8s.io'];

/** Whether a kubelet may set the label on its Node. */
export function isLabelOfKubelet(key: string): boolean {
  if (ALLOWED.includes(key)) return true;
  const namespace = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  return !isBelow(namespace, RESERVED_NAMESPACES) || isBelow(namespace, ALLOWED_NAMESPACES);
}

/** The labels that the machine registers with; all others are the manager's to write. */
export function nodeLabelsOfKubelet(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => isLabelOfKubelet(key)));
}

function isBelow(namespace: string, domains: readonly string[]): boolean {
  return domains.some((domain) => namespace === domain || namespace.endsWith(`.${domain}`));
}
