// Rights of the managers that the manual way has no occasion to use, or not in every run. process/rights.int.spec.ts forces each of them, and
// e2e/manual-way.int.spec.ts sees all others used: together no right is granted in vain.

/** Forced by process/rights.int.spec.ts; by part. */
export const FORCED_RIGHTS = {
  packet: [
    'watch coordination.k8s.io/leases',
    'patch events',
    'get cluster.k8s.io/machines',
    'get nodes',
    'patch secrets',
    'delete cluster.k8s.io/machinesets',
    'patch cluster.k8s.io/machinesets',
    'patch cluster.k8s.io/machinedeployments',
  ],
  generic: [
    'watch coordination.k8s.io/leases',
    'patch events',
    'get secrets',
    'patch cluster.k8s.io/machines',
    'delete cluster.k8s.io/machines',
    'delete cluster.k8s.io/machinesets',
  ],
} as const;

/** An API server with OwnerReferencesPermissionEnforcement asks itself for these: no call of the account shows them. */
export const UNSEEN_RIGHTS = {
  packet: ['update cluster.k8s.io/clusters/finalizers', 'update cluster.k8s.io/machines/finalizers'],
  generic: [
    'delete cluster.k8s.io/machinedeployments',
    'update cluster.k8s.io/clusters/finalizers',
    'update cluster.k8s.io/machinedeployments/finalizers',
    'update cluster.k8s.io/machines/finalizers',
    'update cluster.k8s.io/machinesets/finalizers',
  ],
} as const;

/** `get leases` of `get leases[name] in namespace`. */
export function withoutPlace(right: string): string {
  return right.replace(/\[.*| in .*/, '');
}
