// What `npm run image` prints for people. Pure.
import type { ImageReport } from './write-images.ts';

/** The reports as a table with sizes in megabytes. */
export function reportTable(reports: readonly ImageReport[]): string {
  const rows = reports.map(({ image, platform, digest, size, file }) => [
    image,
    platform,
    `${(size / 1e6).toFixed(1)} MB`,
    digest,
    file,
  ]);
  const table = [['IMAGE', 'PLATFORM', 'SIZE', 'DIGEST', 'WRITTEN TO'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return table.map(line).join('\n');
}
