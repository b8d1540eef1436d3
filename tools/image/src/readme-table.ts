// The table of images in the root README. Pure: main.ts measures and writes.

/** One image. */
export interface ImageFigures {
  /** As manifests name it, without the tag. */
  readonly image: string;
  /** Compressed bytes of the layers by processor, the shared one first. */
  readonly layers: Readonly<Record<'amd64' | 'arm64', readonly number[]>>;
  /** From the start of the process until the program works. */
  readonly startMs: number;
}

/** What stands around the table. */
export const MARKERS = ['<!-- begin images: npm run image -- table -->', '<!-- end images -->'] as const;

/** The table and what its figures are. */
export function imageTable(figures: readonly ImageFigures[]): string {
  const rows = figures.map(({ image, layers, startMs }) => {
    const own = layers.amd64.slice(1);
    const cells = [`\`${image}\``, size(layers.amd64), size(layers.arm64), own.map((one) => size([one])).join(' + ')];
    return `| ${[...cells, `${startMs} ms`].join(' | ')} |`;
  });
  const [first] = figures;
  const shared = first
    ? `${size(first.layers.amd64.slice(0, 1))} (linux/arm64: ${size(first.layers.arm64.slice(0, 1))})`
    : '';
  return [
    '| image | linux/amd64 | linux/arm64 | of it not shared | start |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `Compressed, 1 MB = 10⁶ bytes; the layer that all share has ${shared}, and \`csi-packet\` has its tools between. Start: from the`,
    'start of the process to its first request, or to the socket that it serves on; median of 7 on the machine that wrote this.',
  ].join('\n');
}

/** The README with another table. Throws when it has no place for one. */
export function withTable(readme: string, table: string): string {
  const [begin, end] = MARKERS.map((marker) => readme.indexOf(marker));
  if (begin === undefined || end === undefined || begin < 0 || end < begin)
    throw new Error(`README.md has no lines ${MARKERS.join(' and ')}`);
  return `${readme.slice(0, begin + MARKERS[0].length)}\n\n${table}\n\n${readme.slice(end)}`;
}

function size(bytes: readonly number[]): string {
  return `${(bytes.reduce((sum, one) => sum + one, 0) / 1e6).toFixed(1)} MB`;
}
