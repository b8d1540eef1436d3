// What /configz shows: the configuration as the Go programs print theirs (group cloudcontrollermanager.config.k8s.io), so that tools which
// compare the flags of a fleet keep working. Pure.
import { formatDuration } from '@longshore/k8s-runtime/process';
import type { CcmFlagValues } from './flags.ts';

/** The object behind `/configz`. */
export function configz(flags: CcmFlagValues): object {
  return {
    'cloudcontrollermanager.config.k8s.io': {
      Generic: generic(flags),
      KubeCloudShared: kubeCloudShared(flags),
      ServiceController: { ConcurrentServiceSyncs: flags['concurrent-service-syncs'] },
      NodeController: {
        ConcurrentNodeSyncs: flags['concurrent-node-syncs'],
        ConcurrentNodeStatusUpdates: flags['concurrent-node-status-updates'] || flags['concurrent-node-syncs'],
      },
      NodeStatusUpdateFrequency: formatDuration(flags['node-status-update-frequency']),
      Webhook: { Webhooks: flags.webhooks },
    },
  };
}

function generic(flags: CcmFlagValues): object {
  return {
    Port: flags['secure-port'],
    Address: flags['bind-address'],
    MinResyncPeriod: formatDuration(flags['min-resync-period']),
    ClientConnection: {
      Kubeconfig: flags.kubeconfig,
      AcceptContentTypes: '',
      ContentType: 'application/json',
      QPS: flags['kube-api-qps'],
      Burst: flags['kube-api-burst'],
    },
    ControllerStartInterval: formatDuration(flags['controller-start-interval']),
    LeaderElection: leaderElection(flags),
    Controllers: flags.controllers,
    Debugging: {
      EnableProfiling: flags.profiling,
      EnableContentionProfiling: flags['contention-profiling'],
    },
    LeaderMigrationEnabled: flags['enable-leader-migration'],
    LeaderMigration: { LeaderName: '', ResourceLock: '', ControllerLeaders: null },
  };
}

function leaderElection(flags: CcmFlagValues): object {
  return {
    LeaderElect: flags['leader-elect'],
    LeaseDuration: formatDuration(flags['leader-elect-lease-duration']),
    RenewDeadline: formatDuration(flags['leader-elect-renew-deadline']),
    RetryPeriod: formatDuration(flags['leader-elect-retry-period']),
    ResourceLock: flags['leader-elect-resource-lock'],
    ResourceName: flags['leader-elect-resource-name'],
    ResourceNamespace: flags['leader-elect-resource-namespace'],
  };
}

function kubeCloudShared(flags: CcmFlagValues): object {
  return {
    CloudProvider: { Name: flags['cloud-provider'], CloudConfigFile: flags['cloud-config'] },
    ExternalCloudVolumePlugin: flags['external-cloud-volume-plugin'],
    UseServiceAccountCredentials: flags['use-service-account-credentials'],
    AllowUntaggedCloud: flags['allow-untagged-cloud'],
    RouteReconciliationPeriod: formatDuration(flags['route-reconciliation-period']),
    NodeMonitorPeriod: formatDuration(flags['node-monitor-period']),
    ClusterName: flags['cluster-name'],
    ClusterCIDR: flags['cluster-cidr'],
    AllocateNodeCIDRs: flags['allocate-node-cidrs'],
    CIDRAllocatorType: flags['cidr-allocator-type'],
    ConfigureCloudRoutes: flags['configure-cloud-routes'],
    NodeSyncPeriod: formatDuration(flags['node-sync-period']),
  };
}
