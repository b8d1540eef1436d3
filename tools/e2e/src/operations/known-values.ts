// Values of labels that dashboards and alerts name and that a run in which all goes well does not show, with the source that says them.

/** Value and file, from the repository's root. */
export const VALUES_IN_SOURCES: readonly (readonly [value: string, file: string])[] = [
  ['failed', 'apps/do-ccm/src/firewall/reconcile-metrics.ts'],
  ['Pending', 'apps/capi-packet-manager/src/api/objects.ts'],
  ['Provisioning', 'apps/capi-packet-manager/src/api/objects.ts'],
  ['Failed', 'apps/capi-packet-manager/src/api/objects.ts'],
  ['in-doubt', 'apps/capi-packet-manager/src/servers/contract.ts'],
  ['ABORTED', 'apps/csi-packet/src/server/codes.ts'],
  ['NOT_FOUND', 'apps/csi-packet/src/server/codes.ts'],
  ['ALREADY_EXISTS', 'apps/csi-packet/src/server/codes.ts'],
];

/** The values alone. */
export const KNOWN_VALUES: ReadonlySet<string> = new Set(VALUES_IN_SOURCES.map(([value]) => value));
