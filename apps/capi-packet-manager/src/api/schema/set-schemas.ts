// Schemas of MachineSet and MachineDeployment. `replicas` has its default in the schema: the scale subresource fails on an object without.
import { count, flag, integer, intOrString, object, text } from './schema.ts';
import type { Schema } from './schema.ts';
import { deletePolicy, machineTemplate, strategyType } from './machine-schema.ts';
import { conditions, errors, labelSelector } from './shared-fields.ts';

const replicas: Schema = { ...count('How many machines there should be.'), default: 1 };
const minReadySeconds = count('Seconds that a Node must have been ready for its machine to count as available.');
const labelSelectorText = text('The selector as text, for the scale subresource.');
const observedGeneration = integer('Generation of the spec that this status is about.');

/** `spec` of a MachineSet. */
export const machineSetSpec: Schema = object('So many machines of one template.', {
  replicas,
  minReadySeconds,
  deletePolicy,
  selector: labelSelector('Machines that belong to the set; must match the labels of the template.'),
  template: machineTemplate,
});

/** `status` of a MachineSet. */
export const machineSetStatus: Schema = object('How many there are.', {
  replicas: count('Machines.'),
  fullyLabeledReplicas: count('Machines with all labels of the template.'),
  readyReplicas: count('Machines whose Node is ready.'),
  availableReplicas: count('Machines whose Node has been ready for minReadySeconds.'),
  observedGeneration,
  labelSelector: labelSelectorText,
  ...errors('MachineSet'),
  conditions,
});

/** `spec` of a MachineDeployment. */
export const machineDeploymentSpec: Schema = object(
  'Machines whose template may change: they are replaced step by step.',
  {
    replicas,
    selector: labelSelector('Machines that belong to the deployment; must match the labels of the template.'),
    template: machineTemplate,
    strategy: object('How machines are replaced.', {
      type: strategyType,
      rollingUpdate: object('Limits while machines are replaced.', {
        maxSurge: intOrString('Machines, or percent of them, that there may be too many of (default 1); rounded up.'),
        maxUnavailable: intOrString('Machines, or percent of them, that may be missing (default 0); rounded down.'),
      }),
    }),
    minReadySeconds,
    revisionHistoryLimit: count('Old sets that are kept, to go back to (default 1).'),
    paused: flag('While true, nothing is replaced; scaling works.'),
    progressDeadlineSeconds: count(
      'Seconds without progress after which the deployment is reported as stuck (default 600).',
    ),
  },
);

/** `status` of a MachineDeployment. */
export const machineDeploymentStatus: Schema = object('How far it is.', {
  observedGeneration,
  replicas: count('Machines.'),
  updatedReplicas: count('Machines of the present template.'),
  readyReplicas: count('Machines whose Node is ready.'),
  availableReplicas: count('Machines whose Node has been ready for minReadySeconds.'),
  unavailableReplicas: count('Machines that are missing for spec.replicas to be available.'),
  labelSelector: labelSelectorText,
  conditions,
});
