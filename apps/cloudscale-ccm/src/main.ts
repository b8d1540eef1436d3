// cloudscale-ccm: the cloud controller manager for cloudscale.ch. Flags, process life, controllers and leader election are
// runCloudControllerManager's; what is cloudscale.ch's is in provider.ts.
import { runCloudControllerManager } from '@longshore/cloud-provider';
import { secretsOf } from './config.ts';
import { ownFlags, ownSettings } from './flags.ts';
import { PROVIDER_NAME } from './instances/provider-id.ts';
import { createProvider } from './provider.ts';
import { SimulatedCloud } from './simulate.ts';
import { VERSION } from './version.ts';

const simulated = new SimulatedCloud();

void runCloudControllerManager({
  name: 'cloudscale-ccm',
  providerName: PROVIDER_NAME,
  version: VERSION,
  description:
    'Cloud controller manager for cloudscale.ch: initializes nodes, removes those whose server is gone, keeps load balancers.',
  // As in the Go program: the flag need not be given, and no ConfigMap has to be readable for the secure port.
  defaults: { 'cloud-provider': PROVIDER_NAME, 'authentication-skip-lookup': true },
  secrets: secretsOf,
  flags: ownFlags,
  create: async (config) => simulated.furnish(await createProvider({ ...config, ...ownSettings(config.flags) })),
  simulate: () => simulated.start(),
});
