// As much of external-snapshotter's types as their objects need to be stored. For the spec of the manifests.

const KINDS = [
  { kind: 'VolumeSnapshotClass', plural: 'volumesnapshotclasses', scope: 'Cluster' },
  { kind: 'VolumeSnapshotContent', plural: 'volumesnapshotcontents', scope: 'Cluster' },
  { kind: 'VolumeSnapshot', plural: 'volumesnapshots', scope: 'Namespaced' },
] as const;

/** The CustomResourceDefinitions; a class has the fields that it really has, so that a wrong one is refused. */
export function snapshotTypes(): readonly object[] {
  return KINDS.map(({ kind, plural, scope }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.snapshot.storage.k8s.io`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' },
    },
    spec: {
      group: 'snapshot.storage.k8s.io',
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schemaOf(kind) } }],
    },
  }));
}

function schemaOf(kind: (typeof KINDS)[number]['kind']): object {
  if (kind !== 'VolumeSnapshotClass') {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    return { type: 'object', properties: { spec: open, status: open } };
  }
  const properties = {
    driver: { type: 'string' },
    deletionPolicy: { type: 'string', enum: ['Delete', 'Retain'] },
    parameters: { type: 'object', additionalProperties: { type: 'string' } },
  };
  return { type: 'object', required: ['driver', 'deletionPolicy'], properties };
}
