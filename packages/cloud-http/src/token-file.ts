// A token in a mounted file: read for every call, so that a rotated Secret needs no restart.
import { readFile } from 'node:fs/promises';

/** The `token` option of a CloudHttp for a file. */
export function tokenFile(path: string): () => Promise<string> {
  return async () => (await readFile(path, 'utf8')).trim();
}
