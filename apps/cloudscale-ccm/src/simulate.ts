// `--simulate`: a cloudscale.ch inside this process, so that anybody can try manifests without an account. Every Node of the cluster gets
// a server of its name when it is first asked for; what is removed in the simulator afterwards stays removed.
import { importSimulators } from '@longshore/cloud-provider';
import type { CloudProvider, Instances, Simulation } from '@longshore/cloud-provider';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import type { KubeNode } from '@longshore/k8s-runtime';
import { parseProviderId } from './instances/provider-id.ts';

// Long enough to watch, short enough not to wait for; the real cloud takes one to two minutes.
const TIME_TO_RUNNING_MS = 5_000;

/** The simulated cloud of one process. */
export class SimulatedCloud {
  #cloud: CloudscaleSimulator | undefined;

  /** Starts it. */
  async start(): Promise<Simulation> {
    const { simulateCloudscale } = await importSimulators(() => import('@longshore/cloud-simulators'));
    const cloud = await simulateCloudscale({ timeToRunningMs: TIME_TO_RUNNING_MS });
    this.#cloud = cloud;
    return {
      description: `simulated cloudscale.ch, its state at ${cloud.url}/__world`,
      env: {
        CLOUDSCALE_API_URL: cloud.url,
        CLOUDSCALE_ACCESS_TOKEN: cloud.token,
        CLOUDSCALE_ACCESS_TOKEN_FILE: '',
      },
      stop: () => cloud.close(),
    };
  }

  /** The provider as it is, or, over a simulated cloud, one for which every Node has a machine. */
  furnish(provider: CloudProvider): CloudProvider {
    const { instances } = provider;
    if (!this.#cloud || !instances) return provider;
    // Machines come with the first question about them: a list that is read ahead would have none.
    return { ...provider, instances: withServers(this.#cloud, instances), warmUp: () => Promise.resolve() };
  }
}

function withServers(cloud: CloudscaleSimulator, instances: Instances): Instances {
  const known = new Set<string>();
  return {
    lookup(nodes, signal) {
      for (const node of nodes) {
        const uid = node.metadata?.uid ?? '';
        if (!known.has(uid)) addServerFor(node, cloud);
        known.add(uid);
      }
      return instances.lookup(nodes, signal);
    },
  };
}

function addServerFor(node: KubeNode, cloud: CloudscaleSimulator): void {
  const { name = '' } = node.metadata ?? {};
  const parsed = parseProviderId(node.spec?.providerID);
  if (parsed.kind === 'absent') cloud.addServer({ name });
  else if (parsed.kind === 'server' && !cloud.state.servers.has(parsed.id)) cloud.addServer({ name, uuid: parsed.id });
}
