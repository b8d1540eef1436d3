// Runs a command where it has the network to itself: nothing but loopback, which is up. Sites of boot mode put a bridge there, so that
// nothing appears on the host's network, and several can run at once. Linux and root.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

// /sys shows the links of the namespace in which it was mounted; the control groups in it are those of the host.
const INSIDE = `
mount --rbind /sys/fs/cgroup /mnt 2> /dev/null && groups=/mnt
mount -t sysfs none /sys && ip link set lo up || exit
[ -z "$groups" ] || mount --move /mnt /sys/fs/cgroup
exec "$@"`;

/** Runs a command to its end; resolves with its exit code and everything that it printed. */
export async function runInOwnNetwork(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const inside = ['sh', '-c', INSIDE, 'sh', ...command];
  const child = spawn('unshare', ['--net', '--mount', '--', ...inside], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(() => child.exitCode);
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: `${out}${errors}` };
}
