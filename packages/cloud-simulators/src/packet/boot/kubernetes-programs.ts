// The programs of Kubernetes that machines run: kubeadm and the control plane of each minor that was asked for. They are looked for (or
// built) when the first user data asks for Kubernetes, not before: a site without clusters needs none.
import type { BinaryName, Minor } from '@longshore/embedded-control-plane';

/** Which Kubernetes machines can run. */
export interface KubernetesSettings {
  /** Minors of whole machines, control planes too. Default: the newest one only, `['1.36']`. */
  readonly minors?: readonly Minor[];
  /** Further minors, of workers only: kubeadm is all that they need. */
  readonly workerMinors?: readonly Minor[];
  /** Told what takes long: each minor has to be built once on a host. */
  readonly onProgress?: (message: string) => void;
}

/** The programs, as the files of a machine name them. */
export interface KubernetesPrograms {
  /** `name minor version path` per line: what the stand-in of apt-get can install. */
  readonly list: string;
  /** Paths by name of an image and minor; `*` fits all. */
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly paths: readonly string[];
}

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

/** Whether user data needs the programs. */
export function asksForKubernetes(userData: string): boolean {
  return /kube(adm|let)/.test(userData) || /kube(adm|let)/.test(decodedParts(userData));
}

// A script in a `write_files` can be in base64.
function decodedParts(userData: string): string {
  const parts = userData.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  return parts.map((part) => Buffer.from(part, 'base64').toString('latin1')).join('\n');
}

/** Finds or builds them all; `signal` gives up. */
export async function acquirePrograms(settings: KubernetesSettings, signal?: AbortSignal): Promise<KubernetesPrograms> {
  // Loaded now: most who use the simulators boot nothing.
  const { DEFAULT_MINOR, KUBERNETES_VERSIONS, acquireBinary } = await import('@longshore/embedded-control-plane');
  const { minors = [DEFAULT_MINOR], workerMinors = [], onProgress } = settings;
  const acquire = (name: BinaryName, minor: Minor): Promise<string> =>
    acquireBinary(name, minor, { signal, ...(onProgress === undefined ? {} : { onProgress }) });
  const images: Record<string, Record<string, string>> = {
    etcd: { '*': await acquire('etcd', minors[0] ?? DEFAULT_MINOR) },
  };
  for (const name of CONTROL_PLANE) {
    for (const minor of minors) images[name] = { ...images[name], [minor]: await acquire(name, minor) };
  }
  const kubectl = await acquire('kubectl', DEFAULT_MINOR);
  const lines: string[] = [];
  const kubeadms: string[] = [];
  for (const minor of [...new Set([...minors, ...workerMinors])]) {
    const kubeadm = await acquire('kubeadm', minor);
    kubeadms.push(kubeadm);
    lines.push(
      `kubeadm ${minor} ${KUBERNETES_VERSIONS[minor]} ${kubeadm}`,
      `kubectl ${minor} ${KUBERNETES_VERSIONS[minor]} ${kubectl}`,
    );
  }
  const paths = [...Object.values(images).flatMap((byMinor) => Object.values(byMinor)), kubectl, ...kubeadms];
  return { list: `${lines.join('\n')}\n`, images, paths };
}
