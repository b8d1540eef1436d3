// Reads the files of `--node-name-map`, once at the start.
import { readFile } from 'node:fs/promises';
import { fileOf, nodeNameMap, unreadableFile } from './node-name-map.ts';
import type { MachineNameOf } from './node-name-map.ts';

/** The map that the flag's values come to; rejects with one error that names everything wrong. */
export async function readNodeNameMap(values: readonly string[]): Promise<MachineNameOf> {
  const parts = await Promise.all(
    values.map(async (value) => {
      const path = fileOf(value);
      return path === undefined
        ? { source: '--node-name-map', text: value }
        : { source: path, text: await readText(path) };
    }),
  );
  return nodeNameMap(parts);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadableFile(path, error);
  }
}
