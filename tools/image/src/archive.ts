// Tar archives that are the same for the same content: sorted, without times and owners of the machine; and reading them.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';

/** One file, folder or link of an archive. Paths are absolute, as they are in the image. */
export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly mode?: number }
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;
const TIME = new Date(0);

/** `sha256:` and the digest of some bytes. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The entries with every folder above them, sorted by path. The last one of a path counts. */
export function withFolders(entries: readonly Entry[]): readonly Entry[] {
  const all = new Map<string, Entry>();
  for (const { path } of entries) {
    const parts = path.split('/').slice(1, -1);
    parts.forEach((_, index) => {
      const folder = `/${parts.slice(0, index + 1).join('/')}`;
      all.set(folder, { kind: 'folder', path: folder });
    });
  }
  for (const entry of entries) all.set(entry.path, entry);
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** An uncompressed archive in which everything belongs to root. */
export async function packTar(entries: readonly Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  const result = buffer(pack);
  for (const entry of withFolders(entries)) {
    const name = entry.path.slice(1);
    const common = { uid: 0, gid: 0, mtime: TIME };
    if (entry.kind === 'folder') {
      pack.entry({ ...common, name: `${name}/`, type: 'directory', mode: entry.mode ?? FOLDER_MODE });
    } else if (entry.kind === 'link') {
      pack.entry({ ...common, name, type: 'symlink', linkname: entry.target, mode: 0o777 });
    } else {
      pack.entry({ ...common, name, mode: entry.mode ?? FILE_MODE }, entry.content);
    }
  }
  pack.finalize();
  return result;
}

/** What an uncompressed archive holds; names without a leading `./`, other kinds than the three left out. */
export async function unpackTar(archive: Buffer | Readable): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const extract = tar.extract();
  const source = Buffer.isBuffer(archive) ? Readable.from([archive]) : archive;
  source.on('error', (error: Error) => extract.destroy(error));
  source.pipe(extract);
  for await (const entry of extract) {
    const { name, type, mode, linkname } = entry.header;
    const path = `/${name.replace(/^\.?\//, '').replace(/\/$/, '')}`;
    const content = await buffer(entry);
    if (type === 'file') entries.push({ kind: 'file', path, content, mode: mode ?? FILE_MODE });
    else if (type === 'directory') entries.push({ kind: 'folder', path, mode: mode ?? FOLDER_MODE });
    else if (type === 'symlink') entries.push({ kind: 'link', path, target: linkname ?? '' });
  }
  return entries;
}
