// `--simulate`: a DigitalOcean inside this process, so that anybody can try manifests without an account. Every Node of the cluster gets a
// droplet of its name when it is first asked for; what is removed in the simulator afterwards stays removed.
import { importSimulators } from '@longshore/cloud-provider';
import type { CloudProvider, Instances, Simulation } from '@longshore/cloud-provider';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import type { KubeNode } from '@longshore/k8s-runtime';
import { parseProviderId } from './instances/provider-id.ts';

// Long enough to watch, short enough not to wait for; the real cloud takes one to three minutes.
const TIME_TO_ACTIVE_MS = 5_000;

/** The simulated cloud of one process. */
export class SimulatedCloud {
  #cloud: DigitalOceanSimulator | undefined;

  /** Starts it. */
  async start(): Promise<Simulation> {
    const { simulateDigitalOcean } = await importSimulators(() => import('@longshore/cloud-simulators'));
    const cloud = await simulateDigitalOcean({ timeToActiveMs: TIME_TO_ACTIVE_MS, quota: 'off' });
    this.#cloud = cloud;
    return {
      description: `simulated DigitalOcean, its state at ${cloud.url}/__world`,
      env: {
        DO_OVERRIDE_URL: cloud.url,
        DO_METADATA_URL: cloud.url,
        DO_ACCESS_TOKEN: cloud.token,
        DO_ACCESS_TOKEN_FILE: '',
        REGION: cloud.region,
      },
      stop: () => cloud.close(),
    };
  }

  /** The provider as it is, or, over a simulated cloud, one for which every Node has a machine. */
  furnish(provider: CloudProvider): CloudProvider {
    const { instances } = provider;
    if (!this.#cloud || !instances) return provider;
    // Machines come with the first question about them: a list that is read ahead would have none.
    return { ...provider, instances: withDroplets(this.#cloud, instances), warmUp: () => Promise.resolve() };
  }
}

function withDroplets(cloud: DigitalOceanSimulator, instances: Instances): Instances {
  const known = new Set<string>();
  return {
    lookup(nodes, signal) {
      for (const node of nodes) {
        const uid = node.metadata?.uid ?? '';
        if (!known.has(uid)) addDropletFor(node, cloud);
        known.add(uid);
      }
      return instances.lookup(nodes, signal);
    },
  };
}

function addDropletFor(node: KubeNode, cloud: DigitalOceanSimulator): void {
  const { name = '' } = node.metadata ?? {};
  const parsed = parseProviderId(node.spec?.providerID);
  if (parsed.kind === 'absent') cloud.addDroplet({ name });
  else if (parsed.kind === 'droplet' && !cloud.state.droplets.has(parsed.id)) cloud.addDroplet({ name, id: parsed.id });
}
