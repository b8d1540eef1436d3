// What each binary is: its family (one Go module, one version), its Go package, and whether the envtest archive holds it.
import { KUBERNETES_VERSIONS, OTHER_VERSIONS } from '../versions.ts';
import type { Minor } from '../versions.ts';

/** What can be acquired. */
export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kubelet'
  | 'kubeadm'
  | 'csi-sanity'
  | 'csi-attacher'
  | 'csi-provisioner'
  | 'csi-resizer'
  | 'csi-snapshotter'
  | 'snapshot-controller'
  | 'crane';

/** Facts of one binary. */
export interface CatalogueEntry {
  readonly family: 'kubernetes' | keyof typeof OTHER_VERSIONS;
  readonly goPackage: string;
  /** The folder below tools/go, but for Kubernetes, which has one for each minor. */
  readonly moduleFolder: string;
  readonly isInEnvtest: boolean;
  /** Whether `--version` prints `Kubernetes vX.Y.Z`. */
  readonly saysVersion: boolean;
  /** Of the first build on two cores, when nothing of its family was built before. */
  readonly coldMinutes: number;
}

/** All binaries. */
export const CATALOGUE: Readonly<Record<BinaryName, CatalogueEntry>> = {
  etcd: { ...other('etcd', 'go.etcd.io/etcd/server/v3', 1), isInEnvtest: true },
  'kube-apiserver': { ...kubernetes('kube-apiserver', 4), isInEnvtest: true },
  'kube-controller-manager': kubernetes('kube-controller-manager', 4),
  'kube-scheduler': kubernetes('kube-scheduler', 3),
  kubectl: { ...kubernetes('kubectl', 2), isInEnvtest: true, saysVersion: false },
  kubelet: kubernetes('kubelet', 4),
  kubeadm: { ...kubernetes('kubeadm', 3), saysVersion: false },
  'csi-sanity': other('csi-sanity', 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity', 1),
  'csi-attacher': sidecar('csi-attacher', 'external-attacher/v4/cmd/csi-attacher'),
  'csi-provisioner': sidecar('csi-provisioner', 'external-provisioner/v6/cmd/csi-provisioner'),
  'csi-resizer': sidecar('csi-resizer', 'external-resizer/v2/cmd/csi-resizer'),
  'csi-snapshotter': sidecar('csi-snapshotter', 'external-snapshotter/v8/cmd/csi-snapshotter'),
  'snapshot-controller': sidecar('csi-snapshotter', 'external-snapshotter/v8/cmd/snapshot-controller'),
  crane: other('crane', 'github.com/google/go-containerregistry/cmd/crane', 1),
};

/** All names. */
export const BINARY_NAMES = Object.keys(CATALOGUE) as readonly BinaryName[];

/** The version of a binary; those of Kubernetes go by the minor. */
export function versionOf(name: BinaryName, minor: Minor): string {
  const { family } = CATALOGUE[name];
  return family === 'kubernetes' ? KUBERNETES_VERSIONS[minor] : OTHER_VERSIONS[family];
}

/** The folder of the Go module that builds it, below tools/go. */
export function moduleFolderOf(name: BinaryName, minor: Minor): string {
  const { family, moduleFolder } = CATALOGUE[name];
  return family === 'kubernetes' ? `kubernetes-${minor}` : moduleFolder;
}

function kubernetes(name: string, coldMinutes: number): CatalogueEntry {
  const goPackage = `k8s.io/kubernetes/cmd/${name}`;
  const family = 'kubernetes';
  return { family, goPackage, moduleFolder: family, isInEnvtest: false, saysVersion: true, coldMinutes };
}

function other(family: keyof typeof OTHER_VERSIONS, goPackage: string, coldMinutes: number): CatalogueEntry {
  return { family, goPackage, moduleFolder: family, isInEnvtest: false, saysVersion: false, coldMinutes };
}

// All of one module, so that Go compiles what they share once.
function sidecar(family: keyof typeof OTHER_VERSIONS, path: string): CatalogueEntry {
  return { ...other(family, `github.com/kubernetes-csi/${path}`, 3), moduleFolder: 'csi-sidecars' };
}
