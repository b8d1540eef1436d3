// Flags that only this program has. Everything else is a setting of the environment or the configuration file, or a flag of every cloud
// controller manager.
import { stringFlag } from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';

/** The flags. */
export const ownFlags = {
  'provider-config': stringFlag({
    group: 'Packet',
    help: "The path to the cloud provider's configuration file, as the Go program named it until v3.3.",
    deprecated: 'use --cloud-config',
  }),
};

/** Where the configuration file is: a JSON file, or the folder of a mounted Secret; undefined for none. */
export function configPathOf(
  flags: FlagValues<typeof ownFlags> & { readonly 'cloud-config': string },
): string | undefined {
  return [flags['cloud-config'], flags['provider-config']].find((path) => path !== '');
}
