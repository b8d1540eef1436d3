// Flags that only this program has. Everything else is an environment variable, as in the Go program, or a flag of every cloud controller
// manager.
import { durationFlag } from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';

/** The flags. */
export const ownFlags = {
  'member-health-period': durationFlag({
    default: '5m',
    group: 'cloudscale.ch',
    help: 'How often it is read what health monitors say of the members of load balancers, for the metric cloudscale_load_balancer_members and events; a look costs four calls and one for each pool. 0s: never.',
    validate: (ms) => (ms === 0 || ms >= 10_000 ? undefined : 'must be 0s or at least 10s'),
  }),
};

/** Their values as settings of the provider. */
export function ownSettings(flags: FlagValues<typeof ownFlags> & { readonly 'cloud-config': string }): {
  readonly memberHealthMs: number;
  /** The file of `--cloud-config`, which nobody reads; '' for none. */
  readonly cloudConfig: string;
} {
  return { memberHealthMs: flags['member-health-period'], cloudConfig: flags['cloud-config'] };
}
