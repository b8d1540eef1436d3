// Gives an archive to a node's containerd, from this machine: its socket is a file like others.
import { parseImageNames } from '../images/parse-image-names.ts';
import { runCommand } from './run-command.ts';

/** Imports an archive; resolves with the names of its images. */
export async function importImage(socket: string, archive: string): Promise<readonly string[]> {
  return parseImageNames(await ctr(socket, ['--namespace', 'k8s.io', 'images', 'import', archive]));
}

/** Runs containerd's own client; resolves with what it printed. */
export function ctr(socket: string, args: readonly string[]): Promise<string> {
  return runCommand(['ctr', '--address', socket, ...args]);
}
