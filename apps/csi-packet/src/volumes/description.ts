// The description of a volume carries its CSI name, as JSON in the Go program's form: volumes made by either are found by the other. Pure.

/** What a volume was made from. */
export type VolumeSource =
  | { readonly kind: 'snapshot'; readonly volumeId: string; readonly snapshotId: string }
  | { readonly kind: 'volume'; readonly volumeId: string };

/** What the description says. */
export interface VolumeTag {
  /** The name in CreateVolume: `pvc-…`. */
  readonly name: string;
  /** When it was asked for; tells volumes of one name apart. */
  readonly created: string;
  readonly source: VolumeSource | undefined;
}

/** Tag to description. Go wrote `Name` and `Created` and ignores the rest when it reads. */
export function writeDescription({ name, created, source }: VolumeTag): string {
  return JSON.stringify({ Name: name, Created: created, ...(source ? { Source: writeSource(source) } : {}) });
}

/** Description to tag; `undefined` for all other texts. */
export function readDescription(description: string | undefined): VolumeTag | undefined {
  if (description === undefined || !description.startsWith('{')) return undefined;
  try {
    const { Name: name, Created: created, Source: source } = JSON.parse(description) as Record<string, unknown>;
    if (typeof name !== 'string' || name === '') return undefined;
    return { name, created: typeof created === 'string' ? created : '', source: readSource(source) };
  } catch {
    return undefined;
  }
}

/** Whether two sources are the same, none included. */
export function isSameSource(a: VolumeSource | undefined, b: VolumeSource | undefined): boolean {
  return (a && writeSource(a)) === (b && writeSource(b));
}

function writeSource(source: VolumeSource): string {
  return source.kind === 'volume' ? source.volumeId : `${source.volumeId}/${source.snapshotId}`;
}

function readSource(raw: unknown): VolumeSource | undefined {
  if (typeof raw !== 'string') return undefined;
  const [volumeId = '', snapshotId] = raw.split('/');
  return snapshotId === undefined ? { kind: 'volume', volumeId } : { kind: 'snapshot', volumeId, snapshotId };
}
