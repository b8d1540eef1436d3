// Parts that several kinds have: provider specs, templates' metadata, selectors, conditions. Raw fields keep everything that they are given:
// apiextensions v1 would cut it off otherwise, and machines would arrive empty.
import { flag, list, object, oneOf, openObject, text, textMap, texts, time } from './schema.ts';
import type { Schema } from './schema.ts';

/** A reference as in core/v1, with what is added to it. */
export const objectReference = (description: string, more: Readonly<Record<string, Schema>> = {}): Schema =>
  object(description, {
    apiVersion: text('API version of the object.'),
    kind: text('Kind of the object.'),
    namespace: text('Namespace of the object.'),
    name: text('Name of the object.'),
    uid: text('UID of the object.'),
    resourceVersion: text('Version of the object that the reference was made for.'),
    fieldPath: text('Part of the object that is meant.'),
    ...more,
  });

/** `providerSpec` of a Cluster or a Machine. */
export const providerSpec = (ofKind: string): Schema =>
  object('What the provider understands: a value, or a reference to a MachineClass that has it.', {
    value: openObject(
      `The ${ofKind} (group packetprovider.k8s.io): kubectl explain ${ofKind.toLowerCase()} has its fields.`,
    ),
    valueFrom: object('Where the value is instead.', {
      machineClass: objectReference('The MachineClass; without a namespace in that of this object.', {
        provider: text('Name of the cloud provider that the class is for.'),
      }),
    }),
  });

/** Metadata inside a spec: labels and annotations count, the rest is kept. */
export const innerMetadata = (description: string): Schema =>
  openObject(description, { labels: textMap('Labels.'), annotations: textMap('Annotations.') });

/** As in metav1. */
export const labelSelector = (description: string): Schema =>
  object(description, {
    matchLabels: textMap('Labels that must be there with these values.'),
    matchExpressions: list('Further conditions; all must hold.', {
      type: 'object',
      required: ['key', 'operator'],
      properties: {
        key: text('Label.'),
        operator: oneOf('What must hold.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: texts('Values, for In and NotIn.'),
      },
    }),
  });

/** `status.conditions`. */
export const conditions: Schema = list('What is known of the object, by type.', {
  type: 'object',
  required: ['type', 'status'],
  properties: {
    type: text('What the condition is about.'),
    status: oneOf('Whether it holds.', ['True', 'False', 'Unknown']),
    reason: text('Why, in a word.'),
    message: text('Why, in a sentence: what is waited for, or what to do.'),
    lastTransitionTime: time('Since when the status is what it is.'),
    lastHeartbeatTime: time('Written by Go programs.'),
  },
});

/** Versions of a machine; in a status none of them is required, as a Node may not have said its own yet. */
export const versions = (description: string, required: readonly string[] = []): Schema =>
  object(
    description,
    {
      kubelet: text('Version of the kubelet, such as 1.36.1 (without v).'),
      controlPlane: text('Version of the control plane. A machine that has it is a control plane machine.'),
    },
    required,
  );

/** As in core/v1. */
export const taint: Schema = {
  type: 'object',
  required: ['key', 'effect'],
  properties: {
    key: text('Key of the taint.'),
    value: text('Value of the taint.'),
    effect: oneOf('What happens to pods that do not tolerate it.', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    timeAdded: time('When it was added.'),
  },
};

/** `status.errorReason`, `status.errorMessage`. */
export const errors = (kind: string): Readonly<Record<string, Schema>> => ({
  errorReason: text(`Why the ${kind} cannot become what its spec says, in a word; gone when the cause is gone.`),
  errorMessage: text('The same in a sentence: what to do.'),
});

/** `spec.paused` of a kind. */
export const paused = (what: string): Schema => flag(`While true, ${what}.`);
