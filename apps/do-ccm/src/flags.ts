// Flags that only this program has. Everything else is an environment variable, as in the Go program, or a flag of every cloud controller
// manager.
import { durationFlag } from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';

/** The flags. */
export const ownFlags = {
  'public-access-firewall-sync-period': durationFlag({
    default: '5m',
    group: 'DigitalOcean',
    help: 'How often the public access firewall (PUBLIC_ACCESS_FIREWALL_NAME) is compared with what Services need, although none has changed.',
    validate: (ms) => (ms >= 1_000 ? undefined : 'must be at least 1s'),
  }),
};

/** Their values as settings of the provider. */
export function ownSettings(flags: FlagValues<typeof ownFlags>): { readonly firewallSyncMs: number } {
  return { firewallSyncMs: flags['public-access-firewall-sync-period'] };
}
