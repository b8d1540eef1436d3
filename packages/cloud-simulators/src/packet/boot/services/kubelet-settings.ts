// What a kubelet is told by the files that kubeadm and an administrator write: the flags of its unit and its configuration. Pure.
import { parse } from 'yaml';

/** A taint as the API has it. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** What counts for the stand-in of a kubelet. */
export interface KubeletSettings {
  readonly nodeName: string;
  readonly nodeIps: readonly string[];
  readonly hasExternalCloudProvider: boolean;
  readonly providerId: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly registersNode: boolean;
  readonly staticPodFolder: string | undefined;
  readonly healthAddress: string;
  readonly healthPort: number;
}

/** The files as texts; absent ones are empty. */
export interface KubeletFiles {
  /** /var/lib/kubelet/config.yaml */
  readonly config: string;
  /** /var/lib/kubelet/kubeadm-flags.env */
  readonly kubeadmFlags: string;
  /** /etc/default/kubelet */
  readonly extraArgs: string;
  readonly hostname: string;
}

interface KubeletConfiguration {
  readonly healthzBindAddress?: string;
  readonly healthzPort?: number;
  readonly staticPodPath?: string;
  readonly providerID?: string;
  readonly registerNode?: boolean;
  readonly registerWithTaints?: readonly Taint[];
}

/** Reads the files. Flags win over the configuration, and later flags over earlier ones, as for the real one. */
export function readKubeletSettings(files: KubeletFiles): KubeletSettings {
  const config = (parse(files.config) ?? {}) as KubeletConfiguration;
  const flags = new Map([
    ...flagsOf(variableIn(files.kubeadmFlags, 'KUBELET_KUBEADM_ARGS')),
    ...flagsOf(variableIn(files.extraArgs, 'KUBELET_EXTRA_ARGS')),
  ]);
  const taints = flags.get('register-with-taints');
  return {
    nodeName: (flags.get('hostname-override') ?? files.hostname).toLowerCase(),
    nodeIps: listOf(flags.get('node-ip')),
    hasExternalCloudProvider: flags.get('cloud-provider') === 'external',
    providerId: flags.get('provider-id') ?? config.providerID,
    labels: labelsOf(flags.get('node-labels')),
    taints: taints === undefined ? (config.registerWithTaints ?? []) : listOf(taints).map(toTaint),
    registersNode: (flags.get('register-node') ?? String(config.registerNode ?? true)) !== 'false',
    staticPodFolder: config.staticPodPath,
    healthAddress: config.healthzBindAddress ?? '127.0.0.1',
    healthPort: config.healthzPort ?? 10248,
  };
}

// `NAME="--a=b --c=d"`, as systemd reads it: the last assignment counts.
function variableIn(text: string, name: string): string {
  const lines = text.split('\n').filter((line) => line.trim().startsWith(`${name}=`));
  const value =
    lines
      .at(-1)
      ?.trim()
      .slice(name.length + 1) ?? '';
  return value.replace(/^(["'])(.*)\1$/, '$2');
}

function flagsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.flatMap((word, index) => {
    if (!word.startsWith('--')) return [];
    const [name = '', ...rest] = word.slice(2).split('=');
    if (rest.length > 0) return [[name, rest.join('=').replace(/^(["'])(.*)\1$/, '$2')] as const];
    const next = words[index + 1];
    return [[name, next === undefined || next.startsWith('--') ? 'true' : next] as const];
  });
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function labelsOf(text: string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(listOf(text).map((pair) => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? '']));
}

function toTaint(text: string): Taint {
  const [left = '', effect = ''] = text.split(':');
  const [key = '', value = ''] = left.split('=');
  return { key, ...(value === '' ? {} : { value }), effect };
}
