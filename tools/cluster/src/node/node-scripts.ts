// The shell scripts that hold a node's namespaces, and the commands that link it to this machine. Pure.
import type { NodeAddresses } from './node-files.ts';

/** A command with its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What the node's first process prints once its namespaces are as they should be. */
export const READY = 'ready';

// `$1`: folder, `$2`: the cgroup. Runs on this machine beside the node, outlives us, and clears up whatever ended us: when our end of its
// input closes, the node's first process ends, and with it the kernel ends everything in the node.
const HOLD = `
trap '' HUP INT TERM QUIT
for controller in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ -e "$controller/cgroup.procs" ] || continue
  mkdir -p "$controller/$2"
  for file in cpuset.cpus cpuset.mems; do
    [ -e "$controller/$file" ] && [ ! -e "$controller/cgroup.controllers" ] && cat "$controller/$file" > "$controller/$2/$file"
  done
  [ ! -e "$controller/cgroup.subtree_control" ] || for name in $(cat "$controller/cgroup.controllers"); do
    echo "+$name" > "$controller/cgroup.subtree_control"
  done 2> /dev/null
done
unshare --net --mount --uts --pid --fork --kill-child --mount-proc -- sh -c "$3" sh "$1" "$4"
for round in 1 2 3 4 5 6 7 8 9 10; do
  for group in "/sys/fs/cgroup/$2" /sys/fs/cgroup/*/"$2"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2> /dev/null
  done
  rm -rf "$1" 2> /dev/null && [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "$2")" ] && break
  sleep 0.5
done
`;

// The node's first process. /var/lib, /var/log and /run are the node's own, so that kubelet, containerd, its shims and CNI write nothing
// onto this machine. Mounts are shared from here on, as pods with Bidirectional propagation need. 'wait' also takes leave of orphans.
const BE_THE_NODE = `
set -e
hostname "$2"
ip link set lo up
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lock /run/longshore/upper /run/longshore/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/longshore/upper,workdir=/run/longshore/work overlay /var/lib
mkdir -p "$1/kubelet" "$1/log" "$1/cni" /var/lib/kubelet
mount --bind "$1/kubelet" /var/lib/kubelet
mount --bind "$1/log" /var/log
mount --make-rshared /
echo 1 > /proc/sys/net/ipv4/ip_forward
exec 3<&0
echo ${READY}
cat <&3 > /dev/null &
exec 3<&-
wait
`;

/** The command that holds a node until its input ends. */
export function holdCommand(node: {
  readonly folder: string;
  readonly cgroup: string;
  readonly name: string;
}): Command {
  return ['sh', '-c', HOLD, 'longshore-cluster', node.folder, node.cgroup, BE_THE_NODE, node.name];
}

/** A command in a node's namespaces. */
export function inNode(pid: number, command: readonly string[]): Command {
  return ['nsenter', '--target', String(pid), '--net', '--mount', '--uts', '--pid', '--', ...command];
}

/** Makes the link; that its name is taken shows that another cluster has these addresses. */
export function linkCommand({ link }: NodeAddresses, pid: number): Command {
  return ['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)];
}

/** Addresses of the link's ends, and ways to pods and back. */
export function addressCommands({ link, host, node, pods }: NodeAddresses, pid: number): readonly Command[] {
  return [
    ['ip', 'addr', 'add', `${host}/26`, 'dev', link],
    ['ip', 'link', 'set', link, 'up'],
    ['ip', 'route', 'add', pods, 'via', node],
    inNode(pid, ['ip', 'addr', 'add', `${node}/26`, 'dev', 'eth0']),
    inNode(pid, ['ip', 'link', 'set', 'eth0', 'up']),
    inNode(pid, ['ip', 'route', 'add', 'default', 'via', host]),
  ];
}

/** The address of the Service \`kubernetes\` leads to the API server: the only Service that has a way, for there is no kube-proxy. */
export function serviceCommands({ host }: NodeAddresses, pid: number, port: number): readonly Command[] {
  const rule = ['-d', '10.0.0.1', '-p', 'tcp', '--dport', '443', '-j', 'DNAT', '--to-destination', `${host}:${port}`];
  return ['PREROUTING', 'OUTPUT'].map((chain) => inNode(pid, ['iptables', '-t', 'nat', '-A', chain, ...rule]));
}
