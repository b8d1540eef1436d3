// Files as `generateFiles` wants them, on the disk of this machine.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GenerateIo } from './generate.ts';

/** Reads and writes real files. */
export const filesOnDisk: Pick<GenerateIo, 'readFile' | 'writeFile'> = {
  async readFile(file) {
    try {
      return await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  async writeFile(file, text, mode) {
    await mkdir(path.dirname(file), { recursive: true });
    const draft = `${file}.${randomUUID()}`;
    try {
      await writeFile(draft, text, { mode, flush: true });
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  },
};
