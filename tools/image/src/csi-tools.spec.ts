// The image of csi-packet has what the program runs: the list of tools against the one place where the program builds command lines.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './config.ts';
import { CSI_TOOLS } from './csi-tools.ts';
import { TOOL_PACKAGES } from './gen/tool-packages.ts';
import { parsePackages, pinsFile } from './tool-pins.ts';
import { toolPins } from './tool-layer.ts';

const app = path.join(root, 'apps/csi-packet');
const sourceOf = (file: string): string => readFileSync(path.join(app, 'src', file), 'utf8');
const namesIn = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

function programsThatAreRun(): readonly string[] {
  const commands = namesIn(sourceOf('node/host/command.ts'), /\b(?:host|here)\(\s*'([\w.]+)'/g);
  const kinds = namesIn(sourceOf('volumes/capabilities.ts'), /FILE_SYSTEMS = \[([^\]]+)\]/g)[0] ?? '';
  const makers = namesIn(kinds, /'(\w+)'/g).map((kind) => `mkfs.${kind}`);
  const enter = namesIn(sourceOf('node/host/host-programs.ts'), /\['(\w+)', \[chroot/g);
  return [...new Set([...commands, ...makers, ...enter])];
}

describe('the tools of csi-packet', () => {
  test('are all that the program runs', () => {
    const run = programsThatAreRun();
    expect(run).toEqual(
      expect.arrayContaining(['iscsiadm', 'multipath', 'scsi_id', 'mkfs.ext4', 'mkfs.xfs', 'mount', 'chroot']),
    );
    const there = new Set([...CSI_TOOLS.programs, ...Object.keys(CSI_TOOLS.links)].map((file) => path.basename(file)));
    expect(run.filter((name) => !there.has(name))).toEqual([]);
  });

  test('are in packages that are pinned for both processors, in the same version', () => {
    const versions = (arch: 'amd64' | 'arm64') =>
      toolPins(CSI_TOOLS, arch).map(({ name, version }) => ({ name, version }));
    expect(versions('amd64')).toEqual(versions('arm64'));
    for (const arch of ['amd64', 'arm64'] as const) {
      const names = TOOL_PACKAGES[arch].map(({ name }) => name);
      expect(names).toEqual(Object.keys(CSI_TOOLS.packages).sort());
      for (const pin of TOOL_PACKAGES[arch]) {
        expect(pin.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(pin.path).toMatch(new RegExp(`^pool/.*_(${arch}|all)\\.deb$`));
      }
    }
  });

  test('a package that nobody pinned is an error that says what to do', () => {
    const tools = { ...CSI_TOOLS, packages: { 'no-such-tool': 'MIT' } };
    expect(() => toolPins(tools, 'amd64')).toThrow(/no-such-tool is not pinned: run npm run pins/);
  });

  test('are in the Containerfile too, by the packages of their programs', () => {
    const file = readFileSync(path.join(app, 'Containerfile'), 'utf8');
    const installed = /--no-install-recommends ([\w .-]+) &&/.exec(file)?.[1]?.split(' ');
    const wanted = Object.keys(CSI_TOOLS.packages).filter((name) => !name.startsWith('lib'));
    // coreutils is part of the image that it is built from.
    expect(installed).toEqual(expect.arrayContaining(wanted.filter((name) => name !== 'coreutils')));
  });
});

describe('pins', () => {
  const text = `Package: b\nVersion: 1:2-3\nDescription: x\n Filename: no\nFilename: pool/b_2-3_amd64.deb\nSHA256: ${'0'.repeat(64)}\n\nPackage: a\nVersion: 1\nFilename: pool/a.deb\nSHA256: 1\n\n`;

  test('are read from what apt says, sorted by name', () => {
    expect(parsePackages(text)).toEqual([
      { name: 'a', version: '1', path: 'pool/a.deb', sha256: '1' },
      { name: 'b', version: '1:2-3', path: 'pool/b_2-3_amd64.deb', sha256: '0'.repeat(64) },
    ]);
    expect(() => parsePackages('Package: a\nVersion: 1\n')).toThrow(/does not say "Filename" of Package: a/);
  });

  test('make the committed file', () => {
    expect(readFileSync(path.join(root, 'tools/image/src/gen/tool-packages.ts'), 'utf8')).toBe(pinsFile(TOOL_PACKAGES));
  });
});
