// The Packet (Equinix Metal) API as one object, one property per resource. Knows nothing of Kubernetes.
import { ApiKeys } from './api-keys.ts';
import { Bgp } from './bgp.ts';
import { Capacity } from './capacity.ts';
import { Catalog } from './catalog.ts';
import { Devices } from './devices.ts';
import { Events } from './events.ts';
import { HardwareReservations } from './hardware-reservations.ts';
import { IpAssignments } from './ip-assignments.ts';
import { IpReservations } from './ip-reservations.ts';
import { PacketHttp } from './packet-http.ts';
import type { PacketHttpOptions } from './packet-http.ts';
import { Ports } from './ports.ts';
import { Projects } from './projects.ts';
import { SshKeys } from './ssh-keys.ts';
import { VirtualNetworks } from './virtual-networks.ts';
import { Volumes } from './volumes.ts';

/** All calls. */
export class PacketApi {
  readonly projects: Projects;
  readonly devices: Devices;
  readonly reservations: IpReservations;
  readonly assignments: IpAssignments;
  readonly bgp: Bgp;
  readonly volumes: Volumes;
  readonly sshKeys: SshKeys;
  readonly apiKeys: ApiKeys;
  /** Facilities, metros, plans, operating systems. */
  readonly catalog: Catalog;
  readonly capacity: Capacity;
  readonly virtualNetworks: VirtualNetworks;
  readonly ports: Ports;
  readonly hardwareReservations: HardwareReservations;
  readonly events: Events;
  /** For the rate limit's state and for closing. */
  readonly http: PacketHttp;

  constructor(http: PacketHttp) {
    this.http = http;
    this.projects = new Projects(http);
    this.devices = new Devices(http, this.projects);
    this.reservations = new IpReservations(http);
    this.assignments = new IpAssignments(http);
    this.bgp = new Bgp(http);
    this.volumes = new Volumes(http);
    this.sshKeys = new SshKeys(http);
    this.apiKeys = new ApiKeys(http);
    this.catalog = new Catalog(http);
    this.capacity = new Capacity(http);
    this.virtualNetworks = new VirtualNetworks(http);
    this.ports = new Ports(http);
    this.hardwareReservations = new HardwareReservations(http);
    this.events = new Events(http);
  }
}

/** A client of its own for one token. */
export function createPacketApi(options: PacketHttpOptions): PacketApi {
  return new PacketApi(new PacketHttp(options));
}
