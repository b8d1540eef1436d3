// The place where machines stand: a bridge on this host. Only one at a time, because its addresses are those of the simulated cloud.
import { existsSync, readdirSync } from 'node:fs';
import { BRIDGE } from './machine-plan.ts';
import { runCommand } from './run-command.ts';

/** Why machines cannot be booted here; `undefined` when they can. */
export function bootProblem(
  host: { readonly platform: string; readonly uid: number | undefined } = {
    platform: process.platform,
    uid: process.getuid?.(),
  },
): string | undefined {
  if (host.platform !== 'linux') return 'the boot mode needs Linux: machines are namespaces of its kernel';
  if (host.uid !== 0)
    return 'the boot mode needs root: it makes namespaces and a bridge; start it with sudo, or use the simulator without it';
  return undefined;
}

/** Puts the bridge up. One that a killed process left behind is taken over; one that is in use is not. */
export async function openSite(): Promise<void> {
  const problem = bootProblem();
  if (problem !== undefined) throw new Error(problem);
  if (isInUse()) {
    throw new Error(
      `the bridge ${BRIDGE.name} has machines on it: another simulator runs in boot mode on this host; end it, or remove the bridge with "ip link del ${BRIDGE.name}"`,
    );
  }
  await closeSite();
  await runCommand(['ip', 'link', 'add', BRIDGE.name, 'type', 'bridge']);
  await runCommand(['ip', 'addr', 'add', `${BRIDGE.address}/${BRIDGE.prefix}`, 'dev', BRIDGE.name]);
  await runCommand(['ip', 'link', 'set', BRIDGE.name, 'up']);
}

/** Takes the bridge away. */
export async function closeSite(): Promise<void> {
  if (existsSync(folderOfBridge())) await runCommand(['ip', 'link', 'del', BRIDGE.name]);
}

function isInUse(): boolean {
  const ports = `${folderOfBridge()}/brif`;
  return existsSync(ports) && readdirSync(ports).length > 0;
}

function folderOfBridge(): string {
  return `/sys/class/net/${BRIDGE.name}`;
}
