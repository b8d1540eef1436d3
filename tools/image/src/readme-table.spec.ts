import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { imageApps, imageRepository } from './app-names.ts';
import { root } from './config.ts';
import { MARKERS, imageTable, withTable } from './readme-table.ts';

const figures = [
  { image: 'a/ccm', layers: { amd64: [40_000_000, 700_000], arm64: [39_000_000, 700_000] }, startMs: 120 },
  { image: 'a/csi', layers: { amd64: [40_000_000, 7_000_000, 400_000], arm64: [39_000_000, 6e6, 4e5] }, startMs: 90 },
];

describe('the table of images', () => {
  test('has sizes, what is not shared, and the start', () => {
    const table = imageTable(figures);
    expect(table).toContain('| `a/ccm` | 40.7 MB | 39.7 MB | 0.7 MB | 120 ms |');
    expect(table).toContain('| `a/csi` | 47.4 MB | 45.4 MB | 7.0 MB + 0.4 MB | 90 ms |');
    expect(table).toContain('40.0 MB (linux/arm64: 39.0 MB)');
  });

  test('takes the place of the former one, and nothing else', () => {
    const before = `# x\n${MARKERS[0]}\nold\n${MARKERS[1]}\nmore\n`;
    const after = withTable(before, 'new');
    expect(after).toBe(`# x\n${MARKERS[0]}\n\nnew\n\n${MARKERS[1]}\nmore\n`);
    expect(withTable(after, 'new')).toBe(after);
    expect(() => withTable('# x\n', 'new')).toThrow(/README\.md has no lines/);
  });

  test('in README.md comes from a run: every image, in the order and shape of the generator, none of a CCM above 45 MB', () => {
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const written = readme.slice(readme.indexOf(MARKERS[0]), readme.indexOf(MARKERS[1]));
    const rows = [
      ...written.matchAll(
        /^\| `(\S+)` \| ([\d.]+) MB \| ([\d.]+) MB \| ([\d.]+ MB(?: \+ [\d.]+ MB)*) \| (\d+) ms \|$/gm,
      ),
    ];
    expect(rows.map(([, image]) => image)).toEqual(imageApps.map((app) => imageRepository(app)));
    for (const [, image = '', amd64] of rows) {
      if (image.endsWith('-ccm')) expect(Number(amd64)).toBeLessThanOrEqual(45);
    }
    const bytes = { amd64: [1, 1], arm64: [1, 1] };
    const shape = imageTable([{ image: 'x', layers: bytes, startMs: 1 }]).split('\n');
    expect(written).toContain(shape.slice(0, 2).join('\n'));
    expect(written).toContain(shape.at(-1));
  });
});
