// Each call as it goes over the wire, and what is made of the answer: against a server that notes every byte.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPacketApi } from './packet-api.ts';
import type { PacketApi } from './packet-api.ts';
import type {
  AssignmentId,
  AttachmentId,
  BgpSessionId,
  DeviceId,
  EventId,
  HardwareReservationId,
  MetroId,
  PortId,
  ProjectId,
  ReservationId,
  SnapshotId,
  SnapshotPolicyId,
  SshKeyId,
  VirtualNetworkId,
  VolumeId,
} from './ids.ts';
import * as sample from './test-support/samples.ts';
import { startStub } from './test-support/stub-server.ts';
import type { StubAnswer, StubServer } from './test-support/stub-server.ts';

const signal = new AbortController().signal;
const P = sample.idOf(40) as ProjectId;
const D = sample.idOf(20) as DeviceId;
const R = sample.idOf(60) as ReservationId;
const A = sample.idOf(10) as AssignmentId;
const V = sample.idOf(50) as VolumeId;
const T = sample.idOf(53) as AttachmentId;
const N = sample.idOf(32) as VirtualNetworkId;
const O = sample.idOf(30) as PortId;
const K = sample.idOf(80) as SshKeyId;
const S = sample.idOf(71) as BgpSessionId;
const H = sample.idOf(41) as HardwareReservationId;

let stub: StubServer;
let api: PacketApi;
let answer: StubAnswer = {};

beforeEach(async () => {
  stub = await startStub(() => answer);
  api = createPacketApi({ baseUrl: `${stub.url}/metal/v1/`, token: () => 'tok', userAgent: 'test/1' });
});

afterEach(async () => {
  api.http.close();
  await stub.close();
});

interface Row {
  readonly call: string;
  readonly run: () => Promise<unknown>;
  /** Without the prefix /metal/v1. */
  readonly sent: string;
  readonly body?: unknown;
  readonly answer: StubAnswer;
  readonly gives?: unknown;
}

const WHOLE = 'include=facility,metro,plan,operating_system';
const IPS = 'include=assignments,facility,metro';
const STORAGE = 'include=facility,plan,attachments.volume,attachments.device';
const VLANS = 'include=virtual_networks,native_virtual_network';
const HARDWARE = 'include=facility,metro,plan,device';
const gone: StubAnswer = { status: 204 };

const ROWS: readonly Row[] = [
  // projects
  { call: 'projects.list', run: () => api.projects.list(signal), sent: 'GET /projects?per_page=250', answer: { json: { projects: [sample.PROJECT] } }, gives: [{ id: P, hasBackendTransfer: true }] },
  { call: 'projects.get', run: () => api.projects.get(P, signal), sent: `GET /projects/${P}`, answer: { json: sample.PROJECT }, gives: { name: 'project' } },
  { call: 'projects.create', run: () => api.projects.create({ name: 'n', tags: ['t'] }, signal), sent: 'POST /projects', body: { name: 'n', tags: ['t'] }, answer: { status: 201, json: sample.PROJECT }, gives: { id: P } },
  { call: 'projects.update', run: () => api.projects.update(P, { hasBackendTransfer: true }, signal), sent: `PUT /projects/${P}`, body: { backend_transfer_enabled: true }, answer: { json: sample.PROJECT }, gives: { id: P } },
  { call: 'projects.remove', run: () => api.projects.remove(P, signal), sent: `DELETE /projects/${P}`, answer: gone, gives: 'removed' },
  // devices
  { call: 'devices.list', run: () => api.devices.list(P, signal, { tag: 'a:b', metro: 'da' }), sent: `GET /projects/${P}/devices?tag=a:b&metro=da&${WHOLE}&per_page=250`, answer: { json: { devices: [sample.DEVICE], meta: { total: 1, current_page: 1, last_page: 1, next: null } } }, gives: [{ id: D }] },
  { call: 'devices.list by hostname', run: () => api.devices.list(P, signal, { hostname: 'node' }), sent: `GET /projects/${P}/devices?hostname=node&${WHOLE}&per_page=250`, answer: { json: { devices: [sample.DEVICE, { ...sample.DEVICE, id: sample.idOf(21), hostname: 'node' }] } }, gives: [{ id: sample.idOf(21) }] },
  { call: 'devices.outlines', run: () => api.devices.outlines(P, signal), sent: `GET /projects/${P}/devices?include=facility,metro,plan&exclude=network_ports,operating_system&per_page=250`, answer: { json: { devices: [{ ...sample.DEVICE, network_ports: [{ href: '/ports/1' }], operating_system: { href: '/operating-systems/1' } }] } }, gives: [{ id: D, hostname: 'node-1', state: 'active', plan: 'c3.small.x86', metro: { code: 'da' } }] },
  { call: 'devices.get', run: () => api.devices.get(D, signal, ['ip_addresses.parent_block']), sent: `GET /devices/${D}?${WHOLE},ip_addresses.parent_block`, answer: { json: sample.DEVICE }, gives: { hostname: 'node-1' } },
  {
    call: 'devices.create',
    run: () =>
      api.devices.create(
        P,
        {
          hostname: 'n',
          plan: 'p',
          operatingSystem: 'o',
          metro: 'da',
          userdata: '#!/bin/sh',
          tags: ['t'],
          billingCycle: 'hourly',
          hardwareReservation: 'next-available',
          projectSshKeys: [K],
          addresses: [{ family: 4, isPublic: true, reservations: [R] }, { family: 4, isPublic: false }],
        },
        signal,
      ),
    sent: `POST /projects/${P}/devices?${WHOLE}`,
    body: {
      hostname: 'n',
      plan: 'p',
      operating_system: 'o',
      metro: 'da',
      userdata: '#!/bin/sh',
      tags: ['t'],
      billing_cycle: 'hourly',
      hardware_reservation_id: 'next-available',
      project_ssh_keys: [K],
      ip_addresses: [{ address_family: 4, public: true, ip_reservations: [R] }, { address_family: 4, public: false }],
    },
    answer: { status: 201, json: sample.DEVICE },
    gives: { id: D },
  },
  { call: 'devices.create in the facility era', run: () => api.devices.create(P, { hostname: 'n', plan: 'p', operatingSystem: 'o', facility: ['ewr1', 'any'] }, signal), sent: `POST /projects/${P}/devices?${WHOLE}`, body: { hostname: 'n', plan: 'p', operating_system: 'o', facility: ['ewr1', 'any'] }, answer: { status: 201, json: sample.DEVICE }, gives: { id: D } },
  { call: 'devices.update', run: () => api.devices.update(D, { tags: [], userdata: '' }, signal), sent: `PUT /devices/${D}?${WHOLE}`, body: { tags: [], userdata: '' }, answer: { json: sample.DEVICE }, gives: { id: D } },
  { call: 'devices.remove', run: () => api.devices.remove(D, {}, signal), sent: `DELETE /devices/${D}`, answer: gone, gives: 'removed' },
  { call: 'devices.remove with force, in both forms that exist', run: () => api.devices.remove(D, { force: true }, signal), sent: `DELETE /devices/${D}?force_delete=true`, body: { force_delete: true }, answer: gone, gives: 'removed' },
  { call: 'devices.act', run: () => api.devices.act(D, { type: 'reboot' }, signal), sent: `POST /devices/${D}/actions`, body: { type: 'reboot' }, answer: { status: 202 } },
  { call: 'devices.act reinstall', run: () => api.devices.act(D, { type: 'reinstall', operatingSystem: 'o', preserveData: true }, signal), sent: `POST /devices/${D}/actions`, body: { type: 'reinstall', operating_system: 'o', preserve_data: true }, answer: { status: 202 } },
  // addresses
  { call: 'reservations.list', run: () => api.reservations.list(P, signal), sent: `GET /projects/${P}/ips?${IPS}&per_page=1000`, answer: { json: { ip_addresses: [sample.RESERVATION] } }, gives: [{ id: R }] },
  { call: 'reservations.get', run: () => api.reservations.get(R, signal), sent: `GET /ips/${R}?${IPS}`, answer: { json: sample.RESERVATION }, gives: { id: R } },
  { call: 'reservations.reserve', run: () => api.reservations.reserve(P, { type: 'public_ipv4', quantity: 1, metro: 'da', details: 'd', tags: ['t'] }, signal), sent: `POST /projects/${P}/ips?${IPS}`, body: { type: 'public_ipv4', quantity: 1, metro: 'da', details: 'd', tags: ['t'], fail_on_approval_required: true }, answer: { status: 201, json: sample.RESERVATION }, gives: { state: 'created' } },
  { call: 'reservations.update', run: () => api.reservations.update(R, { tags: ['x'] }, signal), sent: `PATCH /ips/${R}?${IPS}`, body: { tags: ['x'] }, answer: { json: sample.RESERVATION }, gives: { id: R } },
  { call: 'reservations.release', run: () => api.reservations.release(R, signal), sent: `DELETE /ips/${R}`, answer: gone, gives: 'removed' },
  { call: 'reservations.available', run: () => api.reservations.available(R, 32, signal), sent: `GET /ips/${R}/available?cidr=32`, answer: { json: { available: ['198.51.100.4/32'] } }, gives: ['198.51.100.4/32'] },
  { call: 'assignments.listOfDevice', run: () => api.assignments.listOfDevice(D, signal), sent: `GET /devices/${D}/ips?include=parent_block`, answer: { json: { ip_addresses: [sample.ASSIGNMENT] } }, gives: [{ id: A, parentBlock: { cidr: 31 } }] },
  { call: 'assignments.get', run: () => api.assignments.get(A, signal), sent: `GET /ips/${A}?include=parent_block`, answer: { json: sample.ASSIGNMENT }, gives: { deviceId: D } },
  { call: 'assignments.assign', run: () => api.assignments.assign(D, { address: '198.51.100.9/32' }, signal), sent: `POST /devices/${D}/ips`, body: { address: '198.51.100.9/32' }, answer: { status: 201, json: sample.ASSIGNMENT }, gives: { id: A } },
  { call: 'assignments.unassign', run: () => api.assignments.unassign(A, signal), sent: `DELETE /ips/${A}`, answer: gone, gives: 'removed' },
  // BGP
  { call: 'bgp.config', run: () => api.bgp.config(P, signal), sent: `GET /projects/${P}/bgp-config`, answer: { json: sample.BGP_CONFIG }, gives: { asn: 65000, md5: 'secret' } },
  { call: 'bgp.enable', run: () => api.bgp.enable(P, { deploymentType: 'local', asn: 65000, useCase: 'u' }, signal), sent: `POST /projects/${P}/bgp-configs`, body: { deployment_type: 'local', asn: 65000, use_case: 'u' }, answer: gone },
  { call: 'bgp.sessionsOfProject', run: () => api.bgp.sessionsOfProject(P, signal), sent: `GET /projects/${P}/bgp/sessions?per_page=250`, answer: { json: { bgp_sessions: [sample.BGP_SESSION] } }, gives: [{ id: S }] },
  { call: 'bgp.sessionsOfDevice', run: () => api.bgp.sessionsOfDevice(D, signal), sent: `GET /devices/${D}/bgp/sessions`, answer: { json: { bgp_sessions: [sample.BGP_SESSION] } }, gives: [{ id: S }] },
  { call: 'bgp.session', run: () => api.bgp.session(S, signal), sent: `GET /bgp/sessions/${S}`, answer: { json: sample.BGP_SESSION }, gives: { hasDefaultRoute: true } },
  { call: 'bgp.createSession', run: () => api.bgp.createSession(D, { family: 'ipv4' }, signal), sent: `POST /devices/${D}/bgp/sessions`, body: { address_family: 'ipv4', default_route: false }, answer: { status: 201, json: sample.BGP_SESSION }, gives: { state: 'created', session: { id: S } } },
  { call: 'bgp.createSession that is there', run: () => api.bgp.createSession(D, { family: 'ipv4' }, signal), sent: `POST /devices/${D}/bgp/sessions`, body: { address_family: 'ipv4', default_route: false }, answer: { status: 422, json: { errors: ['Device already has session for IPv4'] } }, gives: { state: 'exists' } },
  { call: 'bgp.updateSession', run: () => api.bgp.updateSession(S, { hasDefaultRoute: true }, signal), sent: `PUT /bgp/sessions/${S}`, body: { default_route: true }, answer: { status: 200 }, gives: 'updated' },
  { call: 'bgp.removeSession', run: () => api.bgp.removeSession(S, signal), sent: `DELETE /bgp/sessions/${S}`, answer: gone, gives: 'removed' },
  { call: 'bgp.neighbors', run: () => api.bgp.neighbors(D, signal), sent: `GET /devices/${D}/bgp/neighbors`, answer: { json: { bgp_neighbors: [sample.BGP_NEIGHBOR] } }, gives: [{ peerAsn: 65530, customerIp: '10.1.0.1' }] },
  // volumes
  { call: 'volumes.list', run: () => api.volumes.list(P, signal), sent: `GET /projects/${P}/storage?${STORAGE}&per_page=250`, answer: { json: { volumes: [sample.VOLUME] } }, gives: [{ id: V }] },
  { call: 'volumes.get', run: () => api.volumes.get(V, signal), sent: `GET /storage/${V}?${STORAGE}`, answer: { json: sample.VOLUME }, gives: { sizeGB: 100 } },
  { call: 'volumes.create', run: () => api.volumes.create(P, { sizeGB: 10, plan: 'storage_1', facility: 'ewr1', description: 'd', snapshotPolicies: [{ frequency: '1day', count: 2 }] }, signal), sent: `POST /projects/${P}/storage?${STORAGE}`, body: { size: 10, plan_id: 'storage_1', facility_id: 'ewr1', billing_cycle: 'hourly', description: 'd', snapshot_policies: [{ snapshot_frequency: '1day', snapshot_count: 2 }] }, answer: { status: 201, json: sample.VOLUME }, gives: { id: V } },
  { call: 'volumes.update', run: () => api.volumes.update(V, { sizeGB: 20, plan: 'storage_2' }, signal), sent: `PATCH /storage/${V}?${STORAGE}`, body: { size: 20, plan_id: 'storage_2' }, answer: { json: sample.VOLUME }, gives: { id: V } },
  { call: 'volumes.remove', run: () => api.volumes.remove(V, signal), sent: `DELETE /storage/${V}`, answer: gone, gives: 'removed' },
  { call: 'volumes.customdata', run: () => api.volumes.customdata(V, signal), sent: `GET /storage/${V}/customdata`, answer: { json: { a: 1 } }, gives: { a: 1 } },
  { call: 'volumes.attachments', run: () => api.volumes.attachments(V, signal), sent: `GET /storage/${V}/attachments`, answer: { json: { attachments: sample.VOLUME.attachments } }, gives: [{ id: T, deviceId: D, volumeId: V }] },
  { call: 'volumes.attachment', run: () => api.volumes.attachment(T, signal), sent: `GET /storage/attachments/${T}`, answer: { json: sample.VOLUME.attachments[0] }, gives: { deviceId: D } },
  { call: 'volumes.attach', run: () => api.volumes.attach(V, D, signal), sent: `POST /storage/${V}/attachments`, body: { device_id: D }, answer: { status: 201, json: sample.VOLUME.attachments[0] }, gives: { id: T } },
  { call: 'volumes.detach', run: () => api.volumes.detach(T, signal), sent: `DELETE /storage/attachments/${T}`, answer: gone, gives: 'removed' },
  { call: 'volumes.snapshots', run: () => api.volumes.snapshots(V, signal), sent: `GET /storage/${V}/snapshots`, answer: { json: { snapshots: [sample.SNAPSHOT] } }, gives: [{ timestamp: '1467921608.991500438' }] },
  { call: 'volumes.createSnapshot', run: () => api.volumes.createSnapshot(V, signal), sent: `POST /storage/${V}/snapshots`, body: {}, answer: { status: 202, json: null } },
  { call: 'volumes.removeSnapshot', run: () => api.volumes.removeSnapshot(V, sample.idOf(54) as SnapshotId, signal), sent: `DELETE /storage/${V}/snapshots/${sample.idOf(54)}`, answer: gone, gives: 'removed' },
  { call: 'volumes.restore', run: () => api.volumes.restore(V, '1.5', signal), sent: `POST /storage/${V}/restore`, body: { restore_point: '1.5' }, answer: gone },
  { call: 'volumes.clone', run: () => api.volumes.clone(V, { timestamp: '1.5' }, signal), sent: `POST /storage/${V}/clone`, body: { snapshot_timestamp: '1.5' }, answer: { status: 201, json: sample.VOLUME }, gives: { id: V } },
  { call: 'volumes.addSnapshotPolicy', run: () => api.volumes.addSnapshotPolicy(V, { frequency: '1day', count: 3 }, signal), sent: `POST /storage/${V}/snapshot-policies?snapshot_frequency=1day&snapshot_count=3`, answer: { status: 201, json: {} } },
  { call: 'volumes.removeSnapshotPolicy', run: () => api.volumes.removeSnapshotPolicy(sample.idOf(51) as SnapshotPolicyId, signal), sent: `DELETE /storage/snapshot-policies/${sample.idOf(51)}`, answer: gone, gives: 'removed' },
  // SSH keys
  { call: 'apiKeys.rightsOf a key of the project', run: () => api.apiKeys.rightsOf('mine', P, signal), sent: `GET /projects/${P}/api-keys`, answer: { json: { api_keys: [{ token: 'other' }, { token: 'mine', read_only: true }] } }, gives: 'read-only' },
  { call: 'sshKeys.list of a project', run: () => api.sshKeys.list(P, signal), sent: `GET /projects/${P}/ssh-keys`, answer: { json: { ssh_keys: [sample.SSH_KEY] } }, gives: [{ id: K }] },
  { call: 'sshKeys.list of the user', run: () => api.sshKeys.list('user', signal), sent: 'GET /ssh-keys', answer: { json: { ssh_keys: [] } }, gives: [] },
  { call: 'sshKeys.get', run: () => api.sshKeys.get(K, signal), sent: `GET /ssh-keys/${K}`, answer: { json: sample.SSH_KEY }, gives: { label: 'me' } },
  { call: 'sshKeys.create', run: () => api.sshKeys.create(P, { label: 'l', key: 'k' }, signal), sent: `POST /projects/${P}/ssh-keys`, body: { label: 'l', key: 'k' }, answer: { status: 201, json: sample.SSH_KEY }, gives: { id: K } },
  { call: 'sshKeys.update', run: () => api.sshKeys.update(K, { label: 'l' }, signal), sent: `PUT /ssh-keys/${K}`, body: { label: 'l' }, answer: { json: sample.SSH_KEY }, gives: { id: K } },
  { call: 'sshKeys.remove', run: () => api.sshKeys.remove(K, signal), sent: `DELETE /ssh-keys/${K}`, answer: gone, gives: 'removed' },
  // what is offered
  { call: 'catalog.facilities', run: () => api.catalog.facilities(signal), sent: 'GET /facilities', answer: { json: { facilities: [sample.PLACE] } }, gives: [{ code: 'da11', features: ['baremetal'] }] },
  { call: 'catalog.metros', run: () => api.catalog.metros(signal), sent: 'GET /locations/metros', answer: { json: { metros: [sample.METRO] } }, gives: [{ code: 'da', country: 'US' }] },
  { call: 'catalog.metro', run: () => api.catalog.metro(sample.idOf(2) as MetroId, signal), sent: `GET /locations/metros/${sample.idOf(2)}`, answer: { json: sample.METRO }, gives: { code: 'da' } },
  { call: 'catalog.plans', run: () => api.catalog.plans(signal), sent: 'GET /plans', answer: { json: { plans: [sample.PLAN] } }, gives: [{ slug: 'c3.small.x86', pricePerHour: 0.5, specs: { cpus: 1, memory: '32GB' } }] },
  { call: 'catalog.plans of a project', run: () => api.catalog.plans(signal, P), sent: `GET /projects/${P}/plans`, answer: { json: { plans: [] } }, gives: [] },
  { call: 'catalog.operatingSystems', run: () => api.catalog.operatingSystems(signal), sent: 'GET /operating-systems', answer: { json: { operating_systems: [sample.OPERATING_SYSTEM] } }, gives: [{ slug: 'ubuntu_22_04' }] },
  { call: 'capacity.check per metro', run: () => api.capacity.check([{ metro: 'da', plan: 'p', quantity: 2 }], signal), sent: 'POST /capacity/metros', body: { servers: [{ metro: 'da', plan: 'p', quantity: 2 }] }, answer: { json: { servers: [{ metro: 'da', plan: 'p', quantity: '2', available: true }] } }, gives: [{ place: 'da', isAvailable: true }] },
  { call: 'capacity.check per facility', run: () => api.capacity.check([{ facility: 'ewr1', plan: 'p', quantity: 1 }], signal), sent: 'POST /capacity', body: { servers: [{ facility: 'ewr1', plan: 'p', quantity: 1 }] }, answer: { json: { servers: [{ facility: 'ewr1', plan: 'p', quantity: 1, available: false }] } }, gives: [{ place: 'ewr1', isAvailable: false }] },
  { call: 'capacity.report', run: () => api.capacity.report('metros', signal), sent: 'GET /capacity/metros', answer: { json: { capacity: { da: { p: { level: 'normal' } } } } }, gives: [{ place: 'da', plan: 'p', level: 'normal' }] },
  // VLANs and ports
  { call: 'virtualNetworks.list', run: () => api.virtualNetworks.list(P, signal), sent: `GET /projects/${P}/virtual-networks?include=facility,metro`, answer: { json: { virtual_networks: [sample.VLAN] } }, gives: [{ id: N, vxlan: 1000, metro: 'da' }] },
  { call: 'virtualNetworks.get', run: () => api.virtualNetworks.get(N, signal), sent: `GET /virtual-networks/${N}?include=facility,metro`, answer: { json: sample.VLAN }, gives: { projectId: P } },
  { call: 'virtualNetworks.create', run: () => api.virtualNetworks.create(P, { metro: 'da', description: 'd', vxlan: 7 }, signal), sent: `POST /projects/${P}/virtual-networks?include=facility,metro`, body: { project_id: P, description: 'd', metro: 'da', vxlan: 7 }, answer: { status: 201, json: sample.VLAN }, gives: { id: N } },
  { call: 'virtualNetworks.update', run: () => api.virtualNetworks.update(N, { description: 'e' }, signal), sent: `PUT /virtual-networks/${N}?include=facility,metro`, body: { description: 'e' }, answer: { json: sample.VLAN }, gives: { id: N } },
  { call: 'virtualNetworks.remove', run: () => api.virtualNetworks.remove(N, signal), sent: `DELETE /virtual-networks/${N}`, answer: gone, gives: 'removed' },
  { call: 'ports.get', run: () => api.ports.get(O, signal), sent: `GET /ports/${O}?${VLANS}`, answer: { json: sample.PORT }, gives: { name: 'eth0' } },
  { call: 'ports.assign', run: () => api.ports.assign(O, N, signal), sent: `POST /ports/${O}/assign?${VLANS}`, body: { vnid: N }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.unassign', run: () => api.ports.unassign(O, N, signal), sent: `POST /ports/${O}/unassign?${VLANS}`, body: { vnid: N }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.bond', run: () => api.ports.bond(O, { all: true }, signal), sent: `POST /ports/${O}/bond?${VLANS}`, body: { bulk_enable: true }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.disbond', run: () => api.ports.disbond(O, { all: false }, signal), sent: `POST /ports/${O}/disbond?${VLANS}`, body: { bulk_disable: false }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.toLayer2', run: () => api.ports.toLayer2(O, signal), sent: `POST /ports/${O}/convert/layer-2?${VLANS}`, body: {}, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.toLayer3', run: () => api.ports.toLayer3(O, [{ family: 4, isPublic: true }], signal), sent: `POST /ports/${O}/convert/layer-3?${VLANS}`, body: { request_ips: [{ address_family: 4, public: true }] }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.setNative', run: () => api.ports.setNative(O, N, signal), sent: `POST /ports/${O}/native-vlan?${VLANS}`, body: { vnid: N }, answer: { json: sample.PORT }, gives: { id: O } },
  { call: 'ports.clearNative', run: () => api.ports.clearNative(O, signal), sent: `DELETE /ports/${O}/native-vlan`, answer: { json: sample.PORT } },
  // hardware reservations
  { call: 'hardwareReservations.list', run: () => api.hardwareReservations.list(P, signal), sent: `GET /projects/${P}/hardware-reservations?${HARDWARE}&per_page=250`, answer: { json: { hardware_reservations: [sample.HARDWARE] } }, gives: [{ id: H, isProvisionable: true }] },
  { call: 'hardwareReservations.get', run: () => api.hardwareReservations.get(H, signal), sent: `GET /hardware-reservations/${H}?${HARDWARE}`, answer: { json: sample.HARDWARE }, gives: { deviceId: D } },
  { call: 'hardwareReservations.move', run: () => api.hardwareReservations.move(H, P, signal), sent: `POST /hardware-reservations/${H}/move?${HARDWARE}`, body: { project_id: P }, answer: { status: 201, json: sample.HARDWARE }, gives: { id: H } },
  { call: 'hardwareReservations.activate', run: () => api.hardwareReservations.activate(H, 'd', signal), sent: `POST /hardware-reservations/${H}/activate?${HARDWARE}`, body: { description: 'd' }, answer: { status: 201, json: sample.HARDWARE }, gives: { id: H } },
  // events
  { call: 'events.list of a device', run: () => api.events.list({ device: D }, signal, 20), sent: `GET /devices/${D}/events?per_page=20`, answer: { json: { events: [sample.EVENT] } }, gives: [{ type: 'provisioning.101', text: 'Provisioning started on node-1', about: [D] }] },
  { call: 'events.list of a project', run: () => api.events.list({ project: P }, signal), sent: `GET /projects/${P}/events?per_page=100`, answer: { json: { events: [] } }, gives: [] },
  { call: 'events.list of a volume, under its other path', run: () => api.events.list({ volume: V }, signal), sent: `GET /volumes/${V}/events?per_page=100`, answer: { json: { events: [] } }, gives: [] },
  { call: 'events.list of the user', run: () => api.events.list('user', signal), sent: 'GET /events?per_page=100', answer: { json: { events: [] } }, gives: [] },
  { call: 'events.get', run: () => api.events.get(sample.idOf(90) as EventId, signal), sent: `GET /events/${sample.idOf(90)}`, answer: { json: sample.EVENT }, gives: { state: 'active' } },
]; // prettier-ignore

describe('calls on the wire', () => {
  test.each(ROWS)('$call', async (row) => {
    answer = row.answer;
    const value = await row.run();
    expect(stub.requests.map(({ method, path }) => `${method} ${path.replace('/metal/v1', '')}`)).toEqual([row.sent]);
    expect(stub.requests[0]?.body).toEqual(row.body);
    if (row.gives === undefined) expect(value).toBeUndefined();
    else expect({ value }).toMatchObject({ value: row.gives });
  });

  test('every call of every resource is in the table', () => {
    const resources = Object.entries(api).filter(([name]) => name !== 'http') as [string, object][];
    const methods = resources.flatMap(([name, resource]) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(resource))
        .filter((method) => method !== 'constructor')
        .map((method) => `${name}.${method}`),
    );
    const called = new Set(ROWS.map(({ call }) => call.split(' ')[0]));
    // Made of several calls: tested in packet-api.spec.ts.
    const composed = ['devices.look', 'projects.verify'];
    expect(methods.filter((method) => !called.has(method) && !composed.includes(method))).toEqual([]);
  });

  test('PK row 1 the token goes in X-Auth-Token, the name of the client beside it', async () => {
    answer = { json: { projects: [] } };
    await api.projects.list(signal);
    expect(stub.requests[0]?.headers).toMatchObject({
      'x-auth-token': 'tok',
      'x-consumer-token': 'test/1',
      'user-agent': 'test/1',
      accept: 'application/json',
    });
    expect(stub.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test.each(['', '/', '/metal/v1', '/metal/v1/', '/a/b/'])('PK row 7 base URL with the path "%s"', async (path) => {
    const other = createPacketApi({ baseUrl: `${stub.url}${path}`, token: () => 'tok', userAgent: 'test/1' });
    answer = { json: { facilities: [] } };
    await other.catalog.facilities(signal);
    other.http.close();
    expect(stub.requests[0]?.path).toBe(`${path.replace(/\/$/, '')}/facilities`);
  });

  test.each(ROWS.filter(({ sent }) => sent.startsWith('DELETE')))(
    '$call: what is not there is a value',
    async (row) => {
      answer = { status: 404, json: { errors: ['Not found'] } };
      expect([undefined, 'absent']).toContain(await row.run());
    },
  );
});
