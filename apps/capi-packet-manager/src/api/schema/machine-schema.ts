// Schemas of Machine and of its spec, which templates of sets and deployments have as well, and of MachineClass.
import { list, object, oneOf, openObject, text, time } from './schema.ts';
import type { Schema } from './schema.ts';
import { conditions, errors, innerMetadata, objectReference, providerSpec, taint, versions } from './shared-fields.ts';

/** `spec` of a Machine. */
export const machineSpec = (description: string): Schema =>
  object(
    description,
    {
      metadata: innerMetadata('Labels and annotations for the Node.'),
      taints: list('Taints for the Node: put back when they are removed; others are left alone.', taint),
      providerSpec: providerSpec('PacketMachineProviderSpec'),
      versions: versions('Versions to install.', ['kubelet']),
      configSource: openObject('Dynamic kubelet configuration, which Kubernetes has given up: ignored.'),
      providerID: text('Id of the machine in the cloud, packet://<device id>; set by the controllers.'),
    },
    ['providerSpec'],
  );

/** `template` of a set or a deployment. */
export const machineTemplate: Schema = object('What the machines are made from.', {
  metadata: innerMetadata('Labels and annotations of the machines.'),
  spec: machineSpec('Spec of the machines.'),
});

/** `status` of a Machine. */
export const machineStatus: Schema = object(
  'What became of it. Can be rebuilt from the spec, the cloud and the Node.',
  {
    nodeRef: objectReference('The Node in the cluster that the machine belongs to.'),
    lastUpdated: time('When this status was last changed.'),
    versions: versions('Versions that the Node reports.'),
    ...errors('Machine'),
    providerStatus: openObject('What is known of the device.'),
    addresses: list('Addresses of the device.', {
      type: 'object',
      required: ['type', 'address'],
      properties: {
        type: text('ExternalIP, InternalIP, Hostname, ...'),
        address: text('The address.'),
      },
    }),
    conditions,
    lastOperation: object('Written by Go programs.', {
      description: text('What was done.'),
      lastUpdated: time('When.'),
      state: text('How it ended.'),
      type: text('Create, Delete or Update.'),
    }),
    // No enumeration: Go programs of the generation knew other words.
    phase: text(
      'Pending: no device. Provisioning: it is not active yet. Provisioned: active, no Node. Running: its Node is ready. Deleting. Failed.',
    ),
  },
);

/** `providerSpec` of a MachineClass. */
export const machineClassSpec: Schema = openObject(
  'A PacketMachineProviderSpec, for all machines that refer to this class.',
);

/** Values of `spec.deletePolicy` that are known; others are an error that the controller reports. */
export const deletePolicy: Schema = text(
  'Which machines go first when the set shrinks: Random (default), Newest or Oldest.',
);

/** `strategy.type`. */
export const strategyType: Schema = oneOf('The only way: RollingUpdate.', ['RollingUpdate', '']);
