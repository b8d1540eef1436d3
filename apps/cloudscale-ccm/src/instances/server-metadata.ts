// Server to the facts that go onto its Node. Pure. Order and types of the addresses are a contract with the Go program: the server's name,
// then each interface's addresses in the API's order.
import type { InstanceFinding, InstanceMetadata, NodeAddress } from '@longshore/cloud-provider';
import type { Server } from '@longshore/cloudscale-api';
import { toProviderId } from './provider-id.ts';

/** What is known of the machine. One that is `changing` still counts as running: it is between two states for half a minute. */
export function toFinding(server: Server): InstanceFinding {
  return { state: server.status === 'stopped' ? 'stopped' : 'running', metadata: toMetadata(server) };
}

/** Whether it has an address that a balancer can send to. */
export function hasPrivateAddress(server: Server): boolean {
  return server.interfaces.some(({ type, addresses }) => type !== 'public' && addresses.length > 0);
}

function toMetadata(server: Server): InstanceMetadata {
  return {
    providerId: toProviderId(server.id),
    instanceType: server.flavor,
    zone: server.zone,
    // `rma1` is in `rma`.
    region: server.zone.replace(/\d+$/, ''),
    addresses: [
      { type: 'Hostname', address: server.name },
      ...server.interfaces.flatMap(({ type, addresses }) =>
        addresses.map(({ address }): NodeAddress => ({
          type: type === 'public' ? 'ExternalIP' : 'InternalIP',
          address,
        })),
      ),
    ],
    additionalLabels: {},
  };
}
