// In which order the objects of a cluster are deleted, and what is left of them. Pure.
import { isControlPlane } from '../../api/conditions.ts';
import type { Machine } from '../../api/objects.ts';
import { stateOf } from '../create/machine-state.ts';
import { titleOf } from '../kube-kinds.ts';
import type { Moved, MoveScope } from '../pivot/move-scope.ts';

/** Objects that go together; the next group waits until they are gone. */
export interface DeleteGroup {
  readonly title: string;
  readonly has: (object: Moved) => boolean;
}

const ofKind =
  (kind: string): DeleteGroup['has'] =>
  ({ type }) =>
    type.kind === kind;

/** Those that make others first; workers before masters, so that Nodes can be removed while their API server answers; Secrets last. */
export const DELETE_ORDER: readonly DeleteGroup[] = [
  { title: 'MachineDeployments', has: ofKind('MachineDeployment') },
  { title: 'MachineSets', has: ofKind('MachineSet') },
  { title: 'Workers', has: ({ type, object }) => type.kind === 'Machine' && !isControlPlane(object as Machine) },
  { title: 'Control plane machines', has: ofKind('Machine') },
  { title: 'MachineClasses', has: ({ type, isShared }) => type.kind === 'MachineClass' && !isShared },
  { title: 'Cluster', has: ofKind('Cluster') },
  { title: 'Secrets', has: ofKind('Secret') },
];

/** The objects of the group. */
export function inGroup({ objects }: MoveScope, group: DeleteGroup): readonly Moved[] {
  return objects.filter((moved) => group.has(moved));
}

/** What is left, with what the machines say; changes whenever anything goes on. */
export function leftText(left: readonly Moved[]): string {
  const shown = left.slice(0, 3).map(({ type, object }) => {
    const title = titleOf(type.kind, object);
    return type.kind === 'Machine' ? `${title} (${stateOf(object)})` : title;
  });
  return `${left.length} left: ${shown.join(', ')}${left.length > shown.length ? ', …' : ''}`;
}
