// packet-ccm: the cloud controller manager for Packet (Equinix Metal) and compatible endpoints. Flags, process life, controllers and leader
// election are runCloudControllerManager's; what is Packet's is in provider.ts.
import { runCloudControllerManager } from '@longshore/cloud-provider';
import { secretsOf } from './config.ts';
import { configPathOf, ownFlags } from './flags.ts';
import { PROVIDER_NAME } from './instances/provider-id.ts';
import { createProvider } from './provider.ts';
import { SimulatedCloud } from './simulate.ts';
import { VERSION } from './version.ts';

const simulated = new SimulatedCloud();

void runCloudControllerManager({
  name: 'packet-ccm',
  providerName: PROVIDER_NAME,
  // As the Go program called it from v3 on.
  providerAliases: ['equinixmetal'],
  version: VERSION,
  description:
    'Cloud controller manager for Packet: initializes nodes, removes those whose device is gone, keeps load balancers.',
  // As in the Go program: the flag need not be given, and no ConfigMap has to be readable for the secure port.
  defaults: { 'cloud-provider': PROVIDER_NAME, 'authentication-skip-lookup': true },
  secrets: (env) => secretsOf({ env }),
  flags: ownFlags,
  create: async (config) =>
    simulated.furnish(await createProvider({ ...config, configPath: configPathOf(config.flags) })),
  simulate: () => simulated.start(),
});
