// The programs that machines of boot mode run, made ready before a spec goes into a network namespace of its own.
import { acquireBinary } from '@longshore/embedded-control-plane';
import type { BinaryName, Minor } from '@longshore/embedded-control-plane';

const CONTROL_PLANE: readonly BinaryName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubeadm',
];

/** What machines run; inside there is no network, from which it could be had. */
export async function prepareBinaries(minor: Minor, workerMinors: readonly Minor[]): Promise<void> {
  for (const name of CONTROL_PLANE) await acquireBinary(name, minor);
  for (const older of workerMinors) await acquireBinary('kubeadm', older);
}
