// Ports of devices: which VLANs are on them and how they are bonded.
import { isTrue, optionalObject, optionalText, parseNothing, parseObject, requiredText } from '@longshore/cloud-http';
import { referencesOf } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { PortId, VirtualNetworkId } from './ids.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, route } from './routes.ts';

/** How a port is connected; others are passed on as they are. */
export type NetworkType = 'layer3' | 'hybrid' | 'hybrid-bonded' | 'layer2-bonded' | 'layer2-individual' | (string & {});

/** A port of a device. */
export interface Port {
  readonly id: PortId;
  /** `bond0`, `eth0`. */
  readonly name: string;
  readonly type: 'NetworkPort' | 'NetworkBondPort' | (string & {}) | undefined;
  readonly mac: string | undefined;
  readonly isBonded: boolean;
  readonly bond: { readonly id: PortId; readonly name: string | undefined } | undefined;
  readonly networkType: NetworkType | undefined;
  readonly nativeVirtualNetworkId: VirtualNetworkId | undefined;
  readonly virtualNetworkIds: readonly VirtualNetworkId[];
  readonly canBeDisbonded: boolean;
}

/** An address that a port asks for when it goes back to layer 3. */
export interface Layer3Address {
  readonly family: 4 | 6;
  readonly isPublic: boolean;
}

const INCLUDE = including('virtual_networks', 'native_virtual_network');

/** Calls about ports. Each answers with the port as it is afterwards; when the answer is lost, read the port before trying again. */
export class Ports {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** One port; `undefined` only when the API itself says that there is none. */
  get(id: PortId, signal: AbortSignal): Promise<Port | undefined> {
    return this.#http.send(getting(route('/ports/{id}', id), parsePort, INCLUDE), signal);
  }

  /** Puts a VLAN on the port. */
  assign(id: PortId, network: VirtualNetworkId, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/assign', id), { vnid: network }, signal);
  }

  /** Takes a VLAN off the port. */
  unassign(id: PortId, network: VirtualNetworkId, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/unassign', id), { vnid: network }, signal);
  }

  /** Bonds the port; with `all`, all ports of the device. */
  bond(id: PortId, { all }: { readonly all: boolean }, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/bond', id), { bulk_enable: all }, signal);
  }

  /** Takes the port out of its bond; with `all`, all ports of the device. */
  disbond(id: PortId, { all }: { readonly all: boolean }, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/disbond', id), { bulk_disable: all }, signal);
  }

  /** Makes the port layer 2: its device loses the addresses that were on it. */
  toLayer2(id: PortId, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/convert/layer-2', id), {}, signal);
  }

  /** Makes the port layer 3 again with the given addresses. */
  toLayer3(id: PortId, addresses: readonly Layer3Address[], signal: AbortSignal): Promise<Port> {
    const requested = addresses.map(({ family, isPublic }) => ({ address_family: family, public: isPublic }));
    return this.#post(route('/ports/{id}/convert/layer-3', id), { request_ips: requested }, signal);
  }

  /** Sets the VLAN of untagged frames. */
  setNative(id: PortId, network: VirtualNetworkId, signal: AbortSignal): Promise<Port> {
    return this.#post(route('/ports/{id}/native-vlan', id), { vnid: network }, signal);
  }

  /** Takes the VLAN of untagged frames away. */
  async clearNative(id: PortId, signal: AbortSignal): Promise<void> {
    const call = { method: 'DELETE', ...route('/ports/{id}/native-vlan', id), parse: parseNothing } as const;
    await this.#http.send({ ...call, absentOn404: true }, signal);
  }

  // Not repeated by itself: a VLAN that is on the port already is refused, which would hide that the first attempt worked.
  #post(at: ReturnType<typeof route>, body: object, signal: AbortSignal): Promise<Port> {
    return this.#http.send(creating(at, body, parsePort, INCLUDE), signal);
  }
}

/** A port as the API writes it. */
export function parsePort(raw: unknown): Port {
  const port = parseObject(raw, 'port');
  const hardware = optionalObject(port['data']) ?? {};
  const bond = optionalObject(port['bond']);
  const bondId = parseReference<PortId>(bond);
  return {
    id: parseOwnId<PortId>(port, 'port'),
    name: requiredText(port, 'name'),
    type: optionalText(port, 'type'),
    mac: optionalText(hardware, 'mac'),
    isBonded: isTrue(hardware, 'bonded'),
    bond: bond && bondId && { id: bondId, name: optionalText(bond, 'name') },
    networkType: optionalText(port, 'network_type'),
    nativeVirtualNetworkId: parseReference<VirtualNetworkId>(port['native_virtual_network']),
    virtualNetworkIds: referencesOf<VirtualNetworkId>(port, 'virtual_networks'),
    canBeDisbonded: isTrue(port, 'disbond_operation_supported'),
  };
}
