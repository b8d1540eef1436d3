// The manifest with another image, API address and cluster name, for a test cluster. Pure.

/** What is put into the manifest. */
export interface ManifestChange {
  readonly image: string;
  readonly apiUrl: string;
  /** Goes into the tags of balancers, by which helpers/cleanup finds them. */
  readonly clusterId: string;
}

/** The text of deploy/latest.yml with all three. */
export function withImage(manifest: string, { image, apiUrl, clusterId }: ManifestChange): string {
  return manifest
    .replace(/^(\s*(?:- )?image: )\S+:latest$/gm, `$1${image}`)
    .replace(
      /^(\s*)- name: CLOUDSCALE_API_URL\n\s*value: \S+$/gm,
      `$1- name: CLOUDSCALE_API_URL\n$1  value: ${apiUrl}\n$1- name: CLOUDSCALE_CLUSTER_ID\n$1  value: ${clusterId}`,
    );
}
