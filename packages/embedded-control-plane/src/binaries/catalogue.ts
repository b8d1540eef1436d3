// What each binary is: its family (one Go module, one version), its Go package, and whether the envtest archive holds it.
import { ETCD_VERSION, KUBERNETES_VERSIONS } from '../versions.ts';
import type { Minor } from '../versions.ts';

/** What can be acquired. */
export type BinaryName =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl' | 'kubelet' | 'kubeadm';

/** Facts of one binary. */
export interface CatalogueEntry {
  readonly family: 'etcd' | 'kubernetes';
  readonly goPackage: string;
  readonly isInEnvtest: boolean;
  /** Whether `--version` prints `Kubernetes vX.Y.Z`. */
  readonly saysVersion: boolean;
  /** Of the first build on two cores, when nothing of its family was built before. */
  readonly coldMinutes: number;
}

const kubernetes = (name: string, coldMinutes: number): CatalogueEntry => ({
  family: 'kubernetes',
  goPackage: `k8s.io/kubernetes/cmd/${name}`,
  isInEnvtest: name === 'kube-apiserver' || name === 'kubectl',
  saysVersion: name !== 'kubectl' && name !== 'kubeadm',
  coldMinutes,
});

/** All binaries. */
export const CATALOGUE: Readonly<Record<BinaryName, CatalogueEntry>> = {
  etcd: {
    family: 'etcd',
    goPackage: 'go.etcd.io/etcd/server/v3',
    isInEnvtest: true,
    saysVersion: false,
    coldMinutes: 1,
  },
  'kube-apiserver': kubernetes('kube-apiserver', 4),
  'kube-controller-manager': kubernetes('kube-controller-manager', 4),
  'kube-scheduler': kubernetes('kube-scheduler', 3),
  kubectl: kubernetes('kubectl', 2),
  kubelet: kubernetes('kubelet', 4),
  kubeadm: kubernetes('kubeadm', 3),
};

/** All names. */
export const BINARY_NAMES = Object.keys(CATALOGUE) as readonly BinaryName[];

/** The version of a binary in the family of a minor. */
export function versionOf(name: BinaryName, minor: Minor): string {
  return CATALOGUE[name].family === 'etcd' ? ETCD_VERSION : KUBERNETES_VERSIONS[minor];
}

/** The folder of the Go module that builds it, below tools/go. */
export function moduleFolderOf(name: BinaryName, minor: Minor): string {
  return CATALOGUE[name].family === 'etcd' ? 'etcd' : `kubernetes-${minor}`;
}
