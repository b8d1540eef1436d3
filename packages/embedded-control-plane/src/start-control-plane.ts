// Starts a real Kubernetes control plane: etcd and kube-apiserver, on request kube-controller-manager and kube-scheduler.
// Called by integration tests, the demo, benchmarks and cli.ts. Nothing is left when this process ends.
import { assemble } from './assembly.ts';
import { acquireBinary } from './binaries/acquire.ts';
import type { BinaryName } from './binaries/catalogue.ts';
import { processEnv } from './config.ts';
import { componentEnv } from './component-args.ts';
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
import { Sandbox } from './process/sandbox.ts';
import type { Commands } from './running-control-plane.ts';
import { tokenUsers } from './users.ts';

/** Starts a control plane and resolves when its API is ready, RBAC roles and system namespaces included. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const users = tokenUsers(options.users ?? []);
  const commands = await acquireCommands(options);
  const sandbox = await Sandbox.open('longshore-control-plane', componentEnv(options.env ?? processEnv()));
  try {
    return await assemble({ options, sandbox, users, commands });
  } catch (error) {
    await sandbox.close(0);
    throw error;
  }
}

async function acquireCommands(options: ControlPlaneOptions): Promise<Commands> {
  const wanted: BinaryName[] = options.etcd ? ['kube-apiserver'] : ['etcd', 'kube-apiserver'];
  if (options.controllers) wanted.push('kube-controller-manager', 'kube-scheduler');
  const commands = new Map<BinaryName, string>();
  for (const name of wanted) commands.set(name, await acquireBinary(name, options.minor, options));
  return commands;
}
