// Schemas of the four Packet types. Objects of these kinds are never made; they describe what stands in `providerSpec.value` and
// `status.providerStatus`, so that `kubectl explain` and the API server know them as the Go provider's did.
import { count, flag, list, object, oneOf, text, texts, time } from './schema.ts';
import type { Fields, Schema } from './schema.ts';
import { conditions } from './shared-fields.ts';

/** Fields of a PacketClusterProviderSpec. */
export const packetClusterSpec: Fields = {
  projectID: text('UUID of the Packet project.'),
  controlPlaneEndpoint: object(
    'Where the API server is reached. Absent: at the public address of the first control plane machine, so that there can be only one.',
    {
      type: oneOf('elasticIP: an elastic IP that is reserved. host: an address that somebody else looks after.', [
        'elasticIP',
        'host',
      ]),
      facility: text('Where the elastic IP is reserved; default: where the first control plane machine is.'),
      host: text('The address or name, for type host.'),
      port: count('Port; default 6443.'),
    },
    ['type'],
  ),
};

/** Fields of a PacketClusterProviderStatus. */
export const packetClusterStatus: Fields = {
  ready: flag('Keys, kubeconfig and endpoint are there.'),
  endpointSource: text('Who said what the endpoint is: device, elastic-ip, host or operator.'),
  caFingerprint: text('Hash of the public key of the CA, as kubeadm prints it.'),
  conditions,
};

const role: Schema = { type: 'string', enum: ['Master', 'Node'] };

/** Fields of a PacketMachineProviderSpec. */
export const packetMachineSpec: Fields = {
  projectID: text('UUID of the Packet project.'),
  facility: texts('Codes of facilities; the next is tried when one has no capacity.'),
  machineType: text('Slug of the plan, such as c3.small.x86.'),
  OS: text('Slug of the operating system, such as ubuntu_24_04.'),
  billingCycle: text('hourly (default), daily, monthly or yearly.'),
  tags: texts('Tags of the device, beside those that the controllers need.'),
  roles: list(
    'Master: control plane. With Node too, pods are scheduled there. Node alone: worker. Absent: by spec.versions.controlPlane.',
    role,
  ),
  sshKeys: texts('Public keys, as text or as base64 of their file. Absent: the keys of the project.'),
};

/** Fields of a PacketMachineProviderStatus. */
export const packetMachineStatus: Fields = {
  deviceID: text('Id of the device.'),
  deviceState: text('State of the device, in the words of the Packet API.'),
  provisioningPercentage: count('How far provisioning is.'),
  facility: text('Where the device is.'),
  attemptID: text('Id of the attempt to create the device; its tag ends in it.'),
  createRequestedAt: time('When the device was last asked for.'),
  conditions,
};
