// Which ways of using a volume are possible. Pure; for the controller and the node.
import { VolumeCapability_AccessMode_Mode } from '../gen/csi.ts';
import type { VolumeCapability } from '../gen/csi.ts';

const MODES: readonly number[] = [
  VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER,
  VolumeCapability_AccessMode_Mode.SINGLE_NODE_READER_ONLY,
  VolumeCapability_AccessMode_Mode.SINGLE_NODE_SINGLE_WRITER,
  VolumeCapability_AccessMode_Mode.SINGLE_NODE_MULTI_WRITER,
];

/** File systems that can be made; the first is taken when none is named. */
export const FILE_SYSTEMS = ['ext4', 'ext3', 'xfs'] as const;

/** The problem with a list of capabilities, if there is one. */
export type CapabilityProblem =
  | { readonly kind: 'malformed'; readonly text: string }
  /** Well said, but not possible here. */
  | { readonly kind: 'unsupported'; readonly text: string };

/** What is wrong with the capabilities of a request; `undefined` when all are possible together. */
export function capabilityProblem(capabilities: readonly VolumeCapability[]): CapabilityProblem | undefined {
  if (capabilities.length === 0) return { kind: 'malformed', text: 'volume_capabilities are missing' };
  for (const capability of capabilities) {
    const problem = problemOf(capability);
    if (problem !== undefined) return problem;
  }
  const blocks = capabilities.filter(({ block }) => block !== undefined).length;
  const isMixed = blocks > 0 && blocks < capabilities.length;
  return isMixed ? { kind: 'unsupported', text: 'a volume is used as a block device or mounted, not both' } : undefined;
}

function problemOf({ accessMode, block, mount }: VolumeCapability): CapabilityProblem | undefined {
  if (accessMode === undefined) return { kind: 'malformed', text: 'a volume capability has no access mode' };
  if (block === undefined && mount === undefined) {
    return { kind: 'malformed', text: 'a volume capability is neither for a block device nor for a mount' };
  }
  if (!MODES.includes(accessMode.mode)) {
    return {
      kind: 'unsupported',
      text: `a volume can be used on one node only, not in access mode ${modeName(accessMode.mode)}`,
    };
  }
  const type = mount?.fsType ?? '';
  const isKnown = type === '' || FILE_SYSTEMS.some((name) => name === type);
  return isKnown
    ? undefined
    : { kind: 'unsupported', text: `file system "${type}" cannot be made: use ${FILE_SYSTEMS.join(', ')}` };
}

function modeName(mode: number): string {
  return Object.entries(VolumeCapability_AccessMode_Mode).find(([, value]) => value === mode)?.[0] ?? String(mode);
}
