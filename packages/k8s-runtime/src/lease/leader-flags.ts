// Flags of leader election, with Kubernetes' names and defaults, and the checks between them.
import { boolFlag, durationFlag, enumFlag, stringFlag } from '../process/flag-kinds.ts';
import { defineFlags } from '../process/flags.ts';
import type { FlagValues } from '../process/flags.ts';
import { formatDuration } from '../process/duration.ts';

const group = 'Leader election';

/** `--leader-elect*`; programs with their own Lease spread this and replace the name's default. */
export const leaderFlags = defineFlags({
  'leader-elect': boolFlag({
    default: true,
    group,
    help: 'Start a leader election client and gain leadership before executing the main loop. Enable this when running replicated components for high availability.',
  }),
  'leader-elect-lease-duration': durationFlag({
    default: '15s',
    group,
    help: 'The duration that non-leader candidates will wait after observing a leadership renewal until attempting to acquire leadership of a led but unrenewed leader slot.',
  }),
  'leader-elect-renew-deadline': durationFlag({
    default: '10s',
    group,
    help: 'The interval between attempts by the acting leader to renew a leadership slot before it stops leading. Must be less than the lease duration.',
  }),
  'leader-elect-retry-period': durationFlag({
    default: '2s',
    group,
    help: 'The duration the clients should wait between attempting acquisition and renewal of a leadership.',
  }),
  'leader-elect-resource-lock': enumFlag({
    default: 'leases',
    values: ['leases'],
    group,
    help: 'The type of resource object that is used for locking during leader election.',
  }),
  'leader-elect-resource-name': stringFlag({
    default: 'cloud-controller-manager',
    group,
    help: 'The name of resource object that is used for locking during leader election.',
    validate: (name) => (name === '' ? 'must not be empty' : undefined),
  }),
  'leader-elect-resource-namespace': stringFlag({
    default: 'kube-system',
    group,
    help: 'The namespace of resource object that is used for locking during leader election.',
    validate: (name) => (name === '' ? 'must not be empty' : undefined),
  }),
  'enable-leader-migration': boolFlag({
    default: false,
    group,
    help: 'Whether to enable controller leader migration.',
    withoutEffect:
      'this program runs all its controllers under one lease; migration was for moving them out of kube-controller-manager',
  }),
  'leader-migration-config': stringFlag({
    group,
    help: 'Path to the config file for controller leader migration.',
    withoutEffect: 'see --enable-leader-migration',
  }),
});

// client-go's JitterFactor: the deadline must leave room for one retry.
const RETRY_JITTER = 1.2;

/** Problems between the three times; nothing is checked when no election takes place. */
export function checkLeaderFlags(values: FlagValues<typeof leaderFlags>): readonly string[] {
  if (!values['leader-elect']) return [];
  const leaseMs = values['leader-elect-lease-duration'];
  const deadlineMs = values['leader-elect-renew-deadline'];
  const retryMs = values['leader-elect-retry-period'];
  const problems: string[] = [];
  if (retryMs <= 0) problems.push(`--leader-elect-retry-period: "${formatDuration(retryMs)}" must be more than 0`);
  if (leaseMs < 1_000) problems.push(`--leader-elect-lease-duration: "${formatDuration(leaseMs)}" must be 1s or more`);
  if (leaseMs <= deadlineMs) {
    problems.push(
      `--leader-elect-lease-duration: "${formatDuration(leaseMs)}" must be more than --leader-elect-renew-deadline (${formatDuration(deadlineMs)})`,
    );
  }
  if (deadlineMs <= RETRY_JITTER * retryMs) {
    problems.push(
      `--leader-elect-renew-deadline: "${formatDuration(deadlineMs)}" must be more than 1.2 times --leader-elect-retry-period (${formatDuration(retryMs)})`,
    );
  }
  return problems;
}

/** The elector's times out of the flag values. */
export function leaseTimes(values: FlagValues<typeof leaderFlags>): {
  readonly namespace: string;
  readonly name: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
} {
  return {
    namespace: values['leader-elect-resource-namespace'],
    name: values['leader-elect-resource-name'],
    leaseDurationMs: values['leader-elect-lease-duration'],
    renewDeadlineMs: values['leader-elect-renew-deadline'],
    retryPeriodMs: values['leader-elect-retry-period'],
  };
}
