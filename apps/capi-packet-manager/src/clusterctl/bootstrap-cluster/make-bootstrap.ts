// One call for all kinds of bootstrap clusters.
import type { BootstrapCluster, BootstrapParts, BootstrapWish } from './bootstrap-cluster.ts';
import { embeddedCluster } from './embedded-cluster.ts';
import { existingCluster } from './existing-cluster.ts';
import { kindCluster } from './kind-cluster.ts';

/** What tells the bootstrap clusters of two runs apart, before there is one. */
export function bootstrapIdentity(wish: BootstrapWish, server: string): string {
  return wish.type === 'existing' ? server : wish.type;
}

/** The bootstrap cluster, ready. */
export function makeBootstrap(wish: BootstrapWish, parts: BootstrapParts): Promise<BootstrapCluster> {
  switch (wish.type) {
    case 'existing':
      return existingCluster(wish.kubeconfig ?? '', parts);
    case 'kind':
      return kindCluster(wish.flags, parts);
    case 'embedded':
      return embeddedCluster(parts);
  }
}
