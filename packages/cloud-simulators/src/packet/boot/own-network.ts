// Runs a command where it has the network to itself: nothing but loopback, which is up. Sites of boot mode put a bridge there, so that
// nothing appears on the host's network, and several can run at once. Linux and root.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs a command to its end; resolves with its exit code and everything that it printed. */
export async function runInOwnNetwork(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly output: string }> {
  // /sys shows the links of the namespace in which it was mounted.
  const inside = ['sh', '-c', 'mount -t sysfs none /sys && ip link set lo up && exec "$@"', 'sh', ...command];
  const child = spawn('unshare', ['--net', '--mount', '--', ...inside], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(() => child.exitCode);
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: `${out}${errors}` };
}
