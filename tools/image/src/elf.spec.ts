// The pinned Node of this machine is the input: a made-up file would only show that the reader agrees with its writer.
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readElf, stripElf } from './elf.ts';

const node = readFileSync(process.execPath);

describe('an ELF file', () => {
  test('names its loader and its libraries', () => {
    const { machine, interpreter, needed } = readElf(node, 'node');
    expect(machine).toBe(process.arch === 'arm64' ? 'arm64' : 'amd64');
    expect(interpreter).toMatch(/^\/lib(64)?\/ld-linux/);
    expect(needed).toEqual(expect.arrayContaining(['libc.so.6', 'libstdc++.so.6']));
  });

  test('works without what is never loaded, and is smaller', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'longshore-elf-'));
    try {
      const stripped = stripElf(node, 'node');
      expect(stripped.length).toBeLessThan(node.length * 0.9);
      const file = path.join(folder, 'node');
      writeFileSync(file, stripped, { mode: 0o755 });
      const program = 'process.stdout.write(process.version + crypto.randomUUID().length)';
      expect(execFileSync(file, ['-e', program], { encoding: 'utf8' })).toBe(`${process.version}36`);
      expect(readElf(stripped, 'node')).toEqual(readElf(node, 'node'));
      expect(stripElf(stripped, 'node').equals(stripped)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('anything else is refused by name', () => {
    expect(() => readElf(Buffer.from('#!/bin/sh\n'), 'a script')).toThrow(/a script is no 64-bit ELF file/);
  });
});
