// Which SSH keys a new device gets. Without any wish it gets all keys of the project and of the user.
import type { SimAnswer } from '../exchange.ts';
import { unprocessable } from './answers.ts';
import type { PacketContext } from './context.ts';
import { addSshKey } from './ssh-keys.ts';
import type { DeviceBody } from './device-checks.ts';

/** The ids of the keys, or a refusal. */
export function keysForDevice(
  context: PacketContext,
  projectId: string,
  body: DeviceBody,
): { readonly ids: readonly string[] } | SimAnswer {
  if (body.no_ssh_keys === true) return { ids: [] };
  const { project_ssh_keys: ofProject = [], user_ssh_keys: ofUser = [], ssh_keys: fresh = [] } = body;
  const { sshKeys } = context.store.current;
  const isUnknown = (owner: string | undefined) => (id: string) => {
    const key = sshKeys.get(id);
    return key === undefined || key.projectId !== owner;
  };
  const unknown = [...ofProject.filter(isUnknown(projectId)), ...ofUser.filter(isUnknown(undefined))];
  if (unknown.length > 0) return unprocessable(`SSH keys ${unknown.join(', ')} were not found`);
  if (ofProject.length + ofUser.length + fresh.length === 0) {
    const all = [...sshKeys.values()].filter((key) => key.projectId === undefined || key.projectId === projectId);
    return { ids: all.map(({ id }) => id) };
  }
  const made = fresh.map(({ label = 'key', key = '' }) => addSshKey(context, { projectId, label, key, tags: [] }).id);
  return { ids: [...ofProject, ...ofUser, ...made] };
}
