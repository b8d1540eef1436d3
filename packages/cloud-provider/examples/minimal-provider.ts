// A whole cloud controller manager in under 100 lines: machines and load balancers of an imaginary cloud that lives in memory.
// Run it: node --conditions=@longshore/source examples/minimal-provider.ts --kubeconfig ~/.kube/config
import { runCloudControllerManager } from '@longshore/cloud-provider';
import type {
  CloudProvider,
  InstanceFinding,
  Instances,
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancers,
  Problem,
  RemovalResult,
} from '@longshore/cloud-provider';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';

/** Every Node of the cluster has a machine of the same name. A real provider asks its API, one list call for all Nodes. */
class MinimalInstances implements Instances {
  async lookup(nodes: readonly KubeNode[]): Promise<ReadonlyMap<string, InstanceFinding>> {
    return new Map(nodes.map((node) => [node.metadata?.name ?? '', this.#find(node.metadata?.name ?? '')]));
  }

  #find(name: string): InstanceFinding {
    return {
      state: 'running',
      metadata: {
        providerId: `minimal://${name}`,
        instanceType: 'small',
        zone: 'zone-1',
        region: 'region-1',
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        additionalLabels: {},
      },
    };
  }
}

/** Balancers by the UID of their Service. The plan is computed once and either printed or applied. */
class MinimalLoadBalancers implements LoadBalancers {
  readonly #balancers = new Map<string, { readonly ip: string; readonly nodes: readonly string[] }>();

  async ensure(service: KubeService, nodes: readonly KubeNode[]): Promise<LoadBalancerResult> {
    const { steps } = await this.plan(service, nodes);
    const uid = service.metadata?.uid ?? '';
    const ip = this.#balancers.get(uid)?.ip ?? `192.0.2.${this.#balancers.size + 1}`;
    this.#balancers.set(uid, { ip, nodes: namesOf(nodes) });
    return { kind: 'ready', status: { ingress: [{ ip }] }, changes: steps.map(({ summary }) => summary) };
  }

  async remove(service: KubeService): Promise<RemovalResult> {
    const existed = this.#balancers.delete(service.metadata?.uid ?? '');
    return { kind: 'removed', changes: existed ? ['removed the load balancer'] : [] };
  }

  async plan(service: KubeService, nodes: readonly KubeNode[]): Promise<LoadBalancerPlan> {
    const found = this.#balancers.get(service.metadata?.uid ?? '');
    const wanted = { nodes: namesOf(nodes) };
    const isRight = found !== undefined && JSON.stringify(found.nodes) === JSON.stringify(wanted.nodes);
    const kind = found ? 'set-targets' : 'create';
    const step = {
      kind,
      summary: `${kind === 'create' ? 'create a balancer' : 'set the targets'}: ${wanted.nodes.join(', ')}`,
    };
    return { wanted, ...(found ? { found } : {}), steps: isRight ? [] : [step], blockedBy: [] };
  }

  problems(service: KubeService): readonly Problem[] {
    const wrong = (service.spec?.ports ?? []).filter(({ protocol }) => protocol !== 'TCP');
    return wrong.map(({ port, protocol = '' }) => ({
      field: 'spec.ports.protocol',
      value: protocol,
      message: `port ${port}: protocol ${protocol} is not supported; allowed: TCP`,
      severity: 'error',
    }));
  }
}

function namesOf(nodes: readonly KubeNode[]): readonly string[] {
  return nodes.map((node) => node.metadata?.name ?? '');
}

await runCloudControllerManager({
  name: 'minimal-ccm',
  providerName: 'minimal',
  version: 'v0.1.0',
  description: 'A cloud controller manager for a cloud that lives in memory',
  defaults: { 'cloud-provider': 'minimal' },
  create: async (): Promise<CloudProvider> => ({
    name: 'minimal',
    instances: new MinimalInstances(),
    loadBalancers: new MinimalLoadBalancers(),
  }),
});
