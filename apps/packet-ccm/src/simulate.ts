// `--simulate`: a Packet inside this process, so that anybody can try manifests without an account. Every Node of the cluster gets a device
// of its name when it is first asked for; what is removed in the simulator afterwards stays removed.
import { importSimulators } from '@longshore/cloud-provider';
import type { CloudProvider, Instances, Simulation } from '@longshore/cloud-provider';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { KubeNode } from '@longshore/k8s-runtime';
import { parseProviderId } from './instances/provider-id.ts';

/** The simulated cloud of one process. */
export class SimulatedCloud {
  #cloud: PacketSimulator | undefined;

  /** Starts it. */
  async start(): Promise<Simulation> {
    const simulators = await importSimulators(() => import('@longshore/cloud-simulators'));
    const cloud = await simulators.simulatePacket({ facility: 'da11' });
    // Used with METAL_LOAD_BALANCER=emlb:///<metro>, which must not get to the real one either.
    const emlb = await simulators.simulateMetalLoadBalancers({ token: cloud.token });
    this.#cloud = cloud;
    return {
      description: `simulated Packet, its state at ${cloud.url}/__world`,
      env: {
        METAL_API_URL: cloud.url,
        METAL_METADATA_URL: cloud.metadata.url,
        METAL_API_KEY: cloud.token,
        METAL_PROJECT_ID: cloud.projectId,
        METAL_EMLB_URL: emlb.url,
        METAL_EMLB_TOKEN_URL: emlb.exchangeUrl,
      },
      stop: async () => {
        await Promise.all([cloud.close(), emlb.close()]);
      },
    };
  }

  /** The provider as it is, or, over a simulated cloud, one for which every Node has a machine. */
  furnish(provider: CloudProvider): CloudProvider {
    const { instances } = provider;
    if (!this.#cloud || !instances) return provider;
    // Machines come with the first question about them: a list that is read ahead would have none.
    return { ...provider, instances: withDevices(this.#cloud, instances), warmUp: () => Promise.resolve() };
  }
}

function withDevices(cloud: PacketSimulator, instances: Instances): Instances {
  const known = new Set<string>();
  return {
    lookup(nodes, signal) {
      for (const node of nodes) {
        const uid = node.metadata?.uid ?? '';
        if (!known.has(uid)) addDeviceFor(node, cloud);
        known.add(uid);
      }
      return instances.lookup(nodes, signal);
    },
  };
}

function addDeviceFor(node: KubeNode, cloud: PacketSimulator): void {
  const { name: hostname = '' } = node.metadata ?? {};
  const parsed = parseProviderId(node.spec?.providerID);
  if (parsed.kind === 'absent') cloud.addDevice({ hostname });
  else if (parsed.kind === 'device' && !cloud.state.devices.has(parsed.id))
    cloud.addDevice({ hostname, id: parsed.id });
}
