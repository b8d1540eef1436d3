// Keeps the records of volumes as files. A record is on the disk before the step that it tells of is taken.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CsiError } from '../server/csi-error.ts';
import { isMissing } from './host/files.ts';
import { formatRecord, parseRecord, recordFileName } from './volume-record.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Files in a folder. */
export class RecordStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined`: this machine never staged the volume, or took it down again. */
  async load(volumeId: string): Promise<VolumeRecord | undefined> {
    return this.#read(path.join(this.#folder, recordFileName(volumeId)));
  }

  /** All records; a file that cannot be read is an error, because what it stands for must not be taken for an orphan. */
  async list(): Promise<readonly VolumeRecord[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const files = names.filter((name) => name.endsWith('.json'));
    const records = await Promise.all(files.map((name) => this.#read(path.join(this.#folder, name))));
    return records.filter((record) => record !== undefined);
  }

  /** On the disk when it resolves, whole or not at all. */
  async save(record: VolumeRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const file = path.join(this.#folder, recordFileName(record.volumeId));
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(formatRecord(record));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
    await this.#syncFolder();
  }

  /** Gone when it resolves. */
  async remove(volumeId: string): Promise<void> {
    await rm(path.join(this.#folder, recordFileName(volumeId)), { force: true });
    await this.#syncFolder();
  }

  async #read(file: string): Promise<VolumeRecord | undefined> {
    try {
      return parseRecord(await readFile(file, 'utf8'));
    } catch (error) {
      if (isMissing(error)) return undefined;
      const message = `the record ${file} cannot be read (${(error as Error).message}): unmount the volume by hand and remove the file`;
      throw new CsiError('INTERNAL', message, { cause: error });
    }
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (folder === undefined) return;
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
