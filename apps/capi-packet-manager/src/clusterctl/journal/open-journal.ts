// Opening the journal of a command whose cluster may only be known from the journal itself.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { JournalFile, journalName } from './journal-file.ts';
import type { JournalFileOptions } from './journal-file.ts';

/** What an earlier run noted; `undefined`: there was none. */
export async function peekJournal(folder: string, command: Journal['command']): Promise<Journal | undefined> {
  const path = join(folder, journalName(command));
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseJournal(text, path);
}

/** The journal; a new one is on disk at once, so that the next run knows the cluster. */
export async function openJournal(options: JournalFileOptions): Promise<JournalFile> {
  const journal = await JournalFile.open(options);
  if (!journal.isResumed) await journal.restart();
  return journal;
}
