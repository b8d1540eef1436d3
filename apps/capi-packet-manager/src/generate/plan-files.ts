// The four files of a cluster, as text. Pure: whoever writes them decides where.
import { machineConfigs as shippedConfigs } from '../gen/embedded-files.ts';
import { parseMachineConfigs } from '../bootstrap/machine-configs.ts';
import { addonsFile } from './addons-file.ts';
import { clusterFile, MACHINE_DEFAULTS, machineFiles } from './cluster-files.ts';
import { providerComponentsYaml } from './provider-components.ts';
import type { GenerateSettings } from './settings.ts';
import { toYaml } from './yaml-file.ts';

/** A file to write. */
export interface GeneratedFile {
  readonly name: FileName;
  readonly text: string;
  /** Files with the API key are for their owner only. */
  readonly mode: 0o600 | 0o644;
}

/** Names of the files, in the order of the documentation. */
export const FILE_NAMES = ['cluster.yaml', 'machines.yaml', 'provider-components.yaml', 'addons.yaml'] as const;
type FileName = (typeof FILE_NAMES)[number];

/** Text of the machine_configs.yaml that is shipped. */
export const SHIPPED_MACHINE_CONFIGS = shippedConfigs;

/** The files. */
export function planFiles(settings: GenerateSettings): readonly GeneratedFile[] {
  const { image, apiUrl, machineConfigs, apiKey, projectID } = settings;
  const kubernetesVersion = newestVersion(machineConfigs);
  const components = {
    image,
    machineConfigs,
    credentials: { apiKey, projectID },
    ...(apiUrl !== undefined && { apiUrl }),
  };
  return [
    { name: 'cluster.yaml', text: toYaml([clusterFile(settings)]), mode: 0o644 },
    { name: 'machines.yaml', text: toYaml(machineFiles({ ...settings, kubernetesVersion })), mode: 0o644 },
    { name: 'provider-components.yaml', text: providerComponentsYaml(components), mode: 0o600 },
    { name: 'addons.yaml', text: toYaml(addonsFile(settings)), mode: 0o600 },
  ];
}

/** The newest version that machine_configs.yaml has for control plane machines and workers of our system. */
export function newestVersion(machineConfigs: string): string {
  const { setups } = parseMachineConfigs(machineConfigs, 'machine_configs.yaml');
  const ours = setups.filter(({ image }) => image === MACHINE_DEFAULTS.operatingSystem);
  const workers = new Set(
    ours.filter(({ versions }) => !versions.controlPlane).map(({ versions }) => versions.kubelet),
  );
  const both = ours
    .map(({ versions }) => versions)
    .filter(
      ({ kubelet, controlPlane }) =>
        kubelet === controlPlane && workers.has(kubelet) && /^\d+\.\d+\.\d+$/.test(kubelet),
    )
    .map(({ kubelet }) => kubelet)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = both.at(-1);
  if (newest !== undefined) return newest;
  const wanted = `a version x.y.z for ${MACHINE_DEFAULTS.operatingSystem}, with and without controlPlane`;
  throw new Error(`machine_configs.yaml has no entries for ${wanted}`);
}
