// A test cluster of servers in a cloudscale.ch account, over its API and ssh. Without an account only the calls to the API and the order of
// the commands could be tried (against the simulator and a stand-in for ssh), which is said on screen.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { acquireBinary } from '@longshore/embedded-control-plane';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { AccountApi } from './account-api.ts';
import type { Account, AccountServer } from './account-api.ts';
import {
  JOIN_COMMAND,
  ROLES,
  addressOf,
  initCommand,
  joinCommand,
  outsideKubeconfig,
  serverRequest,
  tagsOf,
} from './account-plan.ts';
import { root } from '../config.ts';
import { withImage } from './manifest.ts';
import type { TestCluster } from './options.ts';
import { buildProgramImage, importProgramImage } from './program-image.ts';
import { makeSshKey } from './ssh-key.ts';

const ZONES = ['rma1', 'lpg1'];
const SERVER_MS = 300_000;
const SSH_MS = 600_000;
const POLL_MS = 2_000;

interface Machine {
  readonly role: string;
  readonly publicAddress: string;
  readonly privateAddress: string;
}

/** Makes the servers if there is no cluster yet, then installs the program. */
export async function accountUp(cluster: TestCluster, account: Account): Promise<void> {
  console.log(
    'CLOUDSCALE_API_TOKEN is set: servers are made in that account, which costs money until helpers/cleanup removes them.',
  );
  console.log('This mode has been tried against a simulated API only: look at what it makes.');
  const api = new AccountApi(account);
  await mkdir(cluster.folder, { recursive: true });
  await writeFile(path.resolve(cluster.folder, '../.gitignore'), '*\n');
  const admin = path.join(cluster.folder, 'admin.conf');
  const machines = existsSync(admin) ? await findMachines(api, cluster) : await makeMachines(api, cluster);
  if (!existsSync(admin)) await makeKubernetes(cluster, machines, admin);
  await installProgram(cluster, account, machines);
  const [first] = machines;
  console.log(`
The cluster is up:

  export KUBECONFIG=k8test/cluster/admin.conf
  kubectl get nodes
  ssh ubuntu@${first?.publicAddress} -i k8test/cluster/ssh

helpers/cleanup removes it; look at https://control.cloudscale.ch afterwards.`);
}

/** Removes the balancers of the cluster's Services, its servers and its network. */
export async function accountDown(cluster: TestCluster, account: Account): Promise<void> {
  const api = new AccountApi(account);
  const kinds = [
    { kind: 'load-balancers', tags: { kubernetes_cluster: cluster.prefix } },
    { kind: 'servers', tags: tagsOf(cluster) },
    { kind: 'networks', tags: tagsOf(cluster) },
  ];
  for (const { kind, tags } of kinds) {
    for (const { uuid, name } of await api.list(kind, tags)) {
      await api.remove(kind, uuid);
      console.log(`removed ${kind.replace(/s$/, '')} ${name}`);
    }
  }
  console.log('Floating IPs stay. Please look at https://control.cloudscale.ch whether everything else is gone.');
}

async function makeMachines(api: AccountApi, cluster: TestCluster): Promise<readonly Machine[]> {
  const zone = ZONES[Math.floor(Math.random() * ZONES.length)] ?? 'rma1';
  const key = makeSshKey(cluster.prefix);
  await writeFile(path.join(cluster.folder, 'ssh'), key.privateKey, { mode: 0o600 });
  await writeFile(path.join(cluster.folder, 'ssh.pub'), key.publicKey);
  const tags = tagsOf(cluster);
  const name = `${cluster.prefix}-private-network-${zone}`;
  const network = await api.create('networks', { name, zone, auto_create_ipv4_subnet: false, tags });
  const subnet = await api.create('subnets', { cidr: cluster.subnet, network: network.uuid, tags });
  for (const role of ROLES) {
    await api.create('servers', serverRequest(cluster, role, { zone, subnet: subnet.uuid, publicKey: key.publicKey }));
    console.log(`  made server ${cluster.prefix}-${role} in ${zone}`);
  }
  await until(
    async () => (await servers(api, cluster)).every(({ status }) => status === 'running'),
    SERVER_MS,
    'servers',
  );
  return findMachines(api, cluster);
}

function servers(api: AccountApi, cluster: TestCluster): Promise<readonly AccountServer[]> {
  return api.list<AccountServer>('servers', tagsOf(cluster));
}

async function findMachines(api: AccountApi, cluster: TestCluster): Promise<readonly Machine[]> {
  const found = await servers(api, cluster);
  return ROLES.map((role) => {
    const server = found.find(({ name }) => name === `${cluster.prefix}-${role}`);
    const publicAddress = server && addressOf(server, 'public');
    const privateAddress = server && addressOf(server, 'private');
    if (publicAddress && privateAddress) return { role, publicAddress, privateAddress };
    throw problem(
      `server ${cluster.prefix}-${role} is not there or has no addresses: run helpers/cleanup and begin anew`,
    );
  });
}

async function makeKubernetes(cluster: TestCluster, machines: readonly Machine[], admin: string): Promise<void> {
  const [first, ...others] = machines;
  if (!first) return;
  for (const machine of machines) {
    console.log(`  waiting for ${cluster.prefix}-${machine.role}`);
    const isPrepared = (): Promise<boolean> =>
      ssh(cluster, machine, 'cloud-init status --wait').then(
        () => true,
        () => false,
      );
    await until(isPrepared, SSH_MS, `ssh to ${machine.publicAddress}`);
  }
  await ssh(cluster, first, initCommand(cluster, first.publicAddress, first.privateAddress));
  const printed = await ssh(cluster, first, JOIN_COMMAND);
  for (const machine of others) await ssh(cluster, machine, joinCommand(printed, machine.role));
  const kubeconfig = await ssh(cluster, first, 'sudo cat /etc/kubernetes/admin.conf');
  await writeFile(admin, outsideKubeconfig(kubeconfig, first.publicAddress), { mode: 0o600 });
}

async function installProgram(cluster: TestCluster, account: Account, machines: readonly Machine[]): Promise<void> {
  const image = cluster.isBuilding
    ? await buildProgramImage(cluster.image, 'amd64')
    : await importProgramImage(path.resolve(cluster.folder, '../../image.tar'));
  for (const machine of machines.filter(({ role }) => role.startsWith('control'))) {
    await ssh(
      cluster,
      machine,
      `sudo ctr -n k8s.io images import --base-name ${cluster.image.split(':')[0]} -`,
      image.archive,
    );
  }
  const manifest = await readFile(path.join(root, 'apps/cloudscale-ccm/deploy/latest.yml'), 'utf8');
  const apiUrl = `${account.apiUrl}/`;
  const changed = withImage(manifest, { image: cluster.image, apiUrl, clusterId: cluster.prefix });
  const metadata = { name: 'cloudscale', namespace: 'kube-system' };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { 'access-token': account.token } };
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(secret));
  await kubectl(cluster, ['delete', '--ignore-not-found', '-f', '-'], changed);
  await kubectl(cluster, ['apply', '-f', '-'], changed);
  // After the program: network plugins may want the addresses of the Nodes, which only the program knows.
  if (cluster.networkPlugin !== 'none') await kubectl(cluster, ['apply', '-f', cluster.networkPlugin]);
}

async function ssh(
  { folder }: TestCluster,
  { publicAddress }: Machine,
  command: string,
  input?: Buffer,
): Promise<string> {
  const options = [
    'StrictHostKeyChecking=accept-new',
    `UserKnownHostsFile=${path.join(folder, 'known_hosts')}`,
    'ConnectTimeout=10',
  ];
  const args = [
    '-i',
    path.join(folder, 'ssh'),
    ...options.flatMap((option) => ['-o', option]),
    `ubuntu@${publicAddress}`,
    command,
  ];
  return run('ssh', args, input ?? Buffer.alloc(0));
}

async function kubectl({ folder, minor }: TestCluster, args: readonly string[], input = ''): Promise<void> {
  const program = await acquireBinary('kubectl', minor);
  await run(program, ['--kubeconfig', path.join(folder, 'admin.conf'), ...args], Buffer.from(input));
}

async function run(program: string, args: readonly string[], input: Buffer): Promise<string> {
  const child = execFile(program, args);
  // A command that ends without reading its input is no failure of ours.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [out, error] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ]);
  const [code] = await ended.catch((cause: unknown) => {
    throw problem(`${path.basename(program)}: ${messageOf(cause)}`);
  });
  if (code === 0) return out;
  throw problem(`${path.basename(program)} ended with ${code}: ${error.trim().split('\n').slice(-5).join('\n')}`);
}

async function until(isTrue: () => Promise<boolean>, limitMs: number, what: string): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endsAt) throw problem(`${what}: given up after ${limitMs / 1000} s`);
    await pause(POLL_MS);
  }
}

function problem(message: string): OperatorError {
  return new OperatorError('TEST_CLUSTER_FAILED', message, never);
}
