// Docker and Podman as stand-ins in PATH: what matters is which of them is asked, and what is said when none has it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadArchive } from './load-archive.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'longshore-load-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const standIn = (name: string, script: string): void => {
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};
const load = (): string => loadArchive('/x/image.tar', 'a/b:c', { PATH: folder });

describe('an archive', () => {
  test('goes into Docker', () => {
    standIn('docker', `echo "$*" >> ${folder}/calls`);
    expect(load()).toBe('loaded into docker as a/b:c');
    expect(readFileSync(path.join(folder, 'calls'), 'utf8')).toBe('info\nload -i /x/image.tar\n');
  });

  test('goes into Podman where Docker does not answer', () => {
    standIn('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    standIn('podman', 'exit 0');
    expect(load()).toBe('loaded into podman as a/b:c');
  });

  test('stays where it is without both, with the reasons', () => {
    standIn('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    expect(load()).toBe(
      'not loaded (docker: Cannot connect to the Docker daemon; podman: is not installed): the image is in /x/image.tar, for docker load -i or podman load -i',
    );
  });
});
