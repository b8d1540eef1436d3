// Answers as the API wrote them, for the tests of the readers; the values are made up.

/** The ID with these two digits. */
export function idOf(digits: number): string {
  return `${String(digits).padStart(8, '0')}-1111-4222-8333-444444444444`;
}

export const PLACE = {
  id: idOf(1),
  code: 'da11',
  name: 'Dallas 11',
  features: ['baremetal'],
  metro: { id: idOf(2), code: 'da' },
};
export const METRO = { id: idOf(2), code: 'da', name: 'Dallas', country: 'US' };

/** An address on a device. */
export const ASSIGNMENT = {
  id: idOf(10),
  address_family: 4,
  address: '198.51.100.5',
  network: '198.51.100.4',
  netmask: '255.255.255.254',
  cidr: 31,
  gateway: '198.51.100.4',
  public: true,
  management: true,
  manageable: true,
  enabled: true,
  global_ip: null,
  assigned_to: { href: `/devices/${idOf(20)}` },
  parent_block: { network: '198.51.100.4', netmask: '255.255.255.254', cidr: 31, href: `/ips/${idOf(11)}` },
  created_at: '2021-01-02T03:04:05Z',
  tags: [],
  type: 'IPAssignment',
  href: `/ips/${idOf(10)}`,
};

/** A port. */
export const PORT = {
  id: idOf(30),
  name: 'eth0',
  type: 'NetworkPort',
  data: { mac: '02:00:00:00:00:01', bonded: true },
  bond: { id: idOf(31), name: 'bond0' },
  network_type: 'layer3',
  native_virtual_network: { href: `/virtual-networks/${idOf(32)}` },
  virtual_networks: [{ href: `/virtual-networks/${idOf(33)}` }],
  disbond_operation_supported: true,
};

/** A device. */
export const DEVICE = {
  id: idOf(20),
  short_id: '00000020',
  hostname: 'node-1',
  description: 'a node',
  state: 'active',
  tags: ['k8s'],
  billing_cycle: 'hourly',
  iqn: 'iqn.2021-01.net.packet:device.00000020',
  locked: false,
  spot_instance: false,
  provisioning_percentage: 100,
  userdata: '#cloud-config',
  customdata: { a: 1 },
  operating_system: { slug: 'ubuntu_22_04' },
  plan: { id: idOf(5), slug: 'c3.small.x86' },
  facility: PLACE,
  metro: METRO,
  project: { href: `/metal/v1/projects/${idOf(40)}` },
  ip_addresses: [ASSIGNMENT],
  network_ports: [PORT],
  hardware_reservation: { href: `/hardware-reservations/${idOf(41)}` },
  volumes: [{ href: `/storage/${idOf(50)}` }],
  created_at: '2021-01-02T03:04:05Z',
  updated_at: 1609556645,
  termination_time: null,
};

/** A reservation. */
export const RESERVATION = {
  ...ASSIGNMENT,
  id: idOf(60),
  type: 'public_ipv4',
  state: 'created',
  details: 'for a Service',
  customdata: '{"b":2}',
  addon: true,
  tags: ['cluster=1'],
  facility: { href: `/facilities/${idOf(1)}` },
  metro: METRO,
  project: { href: `/projects/${idOf(40)}` },
  assignments: [
    { href: `/ips/${idOf(61)}` },
    { id: idOf(62), address: '198.51.100.9', assigned_to: { href: `/devices/${idOf(20)}` } },
  ],
  href: `/ips/${idOf(60)}`,
};

/** A volume. */
export const VOLUME = {
  id: idOf(50),
  name: 'volume-00000050',
  description: '{"Name":"pvc-1"}',
  size: 100,
  locked: false,
  billing_cycle: 'hourly',
  state: 'active',
  access: { ips: ['10.144.35.132', '10.144.51.11'], iqn: 'iqn.2013-05.com.daterainc:tc:01:sn:1' },
  project: { href: `/projects/${idOf(40)}` },
  facility: PLACE,
  plan: { id: idOf(6), slug: 'storage_1' },
  snapshot_policies: [
    { id: idOf(51), snapshot_frequency: '1day', snapshot_count: 3 },
    { href: `/storage/snapshot-policies/${idOf(52)}` },
  ],
  attachments: [{ id: idOf(53), device: { href: `/devices/${idOf(20)}` }, volume: { href: `/storage/${idOf(50)}` } }],
  customdata: {},
  created_at: '2016-01-02T03:04:05Z',
};

export const SNAPSHOT = {
  id: idOf(54),
  status: 'available',
  timestamp: '1467921608.991500438',
  created_at: '2016-07-07T19:46:48Z',
  volume: { href: `/storage/${idOf(50)}` },
};
export const BGP_CONFIG = {
  id: idOf(70),
  status: 'enabled',
  deployment_type: 'local',
  asn: 65000,
  md5: 'secret',
  max_prefix: 10,
};
export const BGP_SESSION = {
  id: idOf(71),
  status: 'up,down',
  address_family: 'ipv4',
  default_route: true,
  learned_routes: ['198.51.100.9/32'],
  device: { href: `/devices/${idOf(20)}` },
};
export const BGP_NEIGHBOR = {
  address_family: 4,
  customer_as: 65000,
  customer_ip: '10.1.0.1',
  md5_enabled: true,
  md5_password: 'secret',
  multihop: true,
  peer_as: 65530,
  peer_ips: ['169.254.255.1', '169.254.255.2'],
  routes_in: [],
  routes_out: [],
};
export const SSH_KEY = {
  id: idOf(80),
  label: 'me',
  key: 'ssh-ed25519 AAAA',
  fingerprint: 'ab:cd',
  tags: [],
  created_at: '2021-01-02T03:04:05Z',
};
export const PLAN = {
  id: idOf(5),
  slug: 'c3.small.x86',
  name: 'c3.small.x86',
  line: 'baremetal',
  class: 'c3.small.x86',
  legacy: false,
  specs: {
    cpus: [{ count: 1, type: 'EPYC' }],
    memory: { total: '32GB' },
    drives: [{ count: 2, size: '480GB', type: 'SSD' }],
    nics: [{ count: 2, type: '10Gbps' }],
  },
  pricing: { hour: 0.5 },
  available_in: [{ href: `/facilities/${idOf(1)}` }],
  available_in_metros: [{ href: `/locations/metros/${idOf(2)}` }],
};
export const OPERATING_SYSTEM = {
  slug: 'ubuntu_22_04',
  name: 'Ubuntu 22.04',
  distro: 'ubuntu',
  version: '22.04',
  provisionable_on: ['c3.small.x86'],
};
export const VLAN = {
  id: idOf(32),
  vxlan: 1000,
  description: 'lan',
  metro_code: 'da',
  metro: METRO,
  facility: null,
  assigned_to: { href: `/projects/${idOf(40)}` },
  instances: [{ href: `/devices/${idOf(20)}` }],
  tags: [],
  created_at: '2021-01-02T03:04:05Z',
};
export const EVENT = {
  id: idOf(90),
  state: 'active',
  type: 'provisioning.101',
  body: 'Provisioning started on {device}',
  interpolated: 'Provisioning started on node-1',
  relationships: [{ href: `/devices/${idOf(20)}` }],
  created_at: '2021-01-02T03:04:05Z',
};
export const HARDWARE = {
  id: idOf(41),
  short_id: '00000041',
  plan: { slug: 'c3.small.x86' },
  project: { href: `/projects/${idOf(40)}` },
  device: { href: `/devices/${idOf(20)}` },
  provisionable: true,
  spare: false,
  need_of_service: false,
  facility: PLACE,
  created_at: '2021-01-02T03:04:05Z',
};
export const PROJECT = {
  id: idOf(40),
  name: 'project',
  type: 'default',
  backend_transfer_enabled: true,
  max_devices: 100,
  tags: [],
  created_at: '2021-01-02T03:04:05Z',
};
export const METADATA = {
  id: idOf(20),
  hostname: 'node-1',
  iqn: 'iqn.2021-01.net.packet:device.00000020',
  facility: 'da11',
  metro: 'da',
  plan: 'c3.small.x86',
  tags: ['k8s'],
  customdata: {},
  network: {
    addresses: [
      {
        id: idOf(10),
        address_family: 4,
        address: '198.51.100.5',
        public: true,
        management: true,
        gateway: '198.51.100.4',
        cidr: 31,
      },
    ],
  },
  volumes: [
    {
      name: 'volume-00000050',
      iqn: 'iqn.2013-05.com.daterainc:tc:01:sn:1',
      ips: ['10.144.35.132'],
      capacity: { size: '10', unit: 'gb' },
    },
  ],
};
