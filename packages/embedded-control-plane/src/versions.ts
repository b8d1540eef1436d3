// Which versions are built and started. A new patch level changes this table and the go.mod of its minor under tools/go
// (a unit test compares the two).

/** The Kubernetes minors that can be started. */
export type Minor = '1.34' | '1.35' | '1.36';

/** The minor that is started when nobody asks for another. */
export const DEFAULT_MINOR: Minor = '1.36';

/** Patch level of each minor. */
export const KUBERNETES_VERSIONS: Readonly<Record<Minor, string>> = {
  '1.34': '1.34.4',
  '1.35': '1.35.4',
  '1.36': '1.36.3',
};

/** Versions of what does not go by the minor. */
export const OTHER_VERSIONS = {
  etcd: '3.6.6',
  'csi-sanity': '5.4.0',
  'csi-attacher': '4.13.0',
  'csi-provisioner': '6.3.0',
  'csi-resizer': '2.3.0',
  'csi-snapshotter': '8.7.0',
  crane: '0.22.1',
} as const;

/** All minors, oldest first. */
export const MINORS = Object.keys(KUBERNETES_VERSIONS) as readonly Minor[];

/** A minor written as `1.36`, or undefined for anything else. */
export function parseMinor(text: string): Minor | undefined {
  return MINORS.find((minor) => minor === text);
}
