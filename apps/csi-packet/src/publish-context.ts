// What the controller tells the node about an attachment. Pure. The first three keys are those of the Go program, so attachments that it
// made are understood; with the other two the node need not wait for the metadata service to show the volume.

/** An attached volume. */
export interface Attachment {
  readonly attachmentId: string | undefined;
  readonly volumeId: string;
  /** `volume-` and eight digits. */
  readonly volumeName: string;
  /** Where the volume is; absent where the API did not say. */
  readonly target: { readonly iqn: string; readonly portals: readonly string[] } | undefined;
}

const ATTACHMENT_ID = 'AttachmentId';
const VOLUME_ID = 'VolumeId';
const VOLUME_NAME = 'VolumeName';
const PORTALS = 'Portals';
const IQN = 'IQN';

/** As the map that goes through Kubernetes' VolumeAttachment. */
export function toPublishContext({ attachmentId, volumeId, volumeName, target }: Attachment): Record<string, string> {
  return {
    ...(attachmentId === undefined ? {} : { [ATTACHMENT_ID]: attachmentId }),
    [VOLUME_ID]: volumeId,
    [VOLUME_NAME]: volumeName,
    ...(target === undefined ? {} : { [PORTALS]: target.portals.join(','), [IQN]: target.iqn }),
  };
}

/** Reads the map. `undefined`: it names neither the volume nor where it is. */
export function parsePublishContext(
  context: Readonly<Record<string, string>>,
  volumeId: string,
): Attachment | undefined {
  const portals = (context[PORTALS] ?? '').split(',').filter(Boolean);
  const iqn = context[IQN] ?? '';
  const target = iqn !== '' && portals.length > 0 ? { iqn, portals } : undefined;
  const volumeName = context[VOLUME_NAME] || (target === undefined ? '' : volumeNameOf(volumeId));
  if (volumeName === '') return undefined;
  return { attachmentId: context[ATTACHMENT_ID] || undefined, volumeId, volumeName, target };
}

/** The name that the API gives a volume, which is also that of its multipath map. */
export function volumeNameOf(volumeId: string): string {
  return `volume-${volumeId.split('-')[0] ?? ''}`;
}
