import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packTar, unpackTar, withFolders } from './archive.ts';
import type { Entry } from './archive.ts';

const aFile = (path: string, content = ''): Entry => ({ kind: 'file', path, content: Buffer.from(content) });

describe('archives', () => {
  test('hold all folders above a file, sorted, each path once', () => {
    const entries = withFolders([aFile('/b/c/d'), aFile('/a'), aFile('/b/c/a'), aFile('/a', 'the last one')]);
    expect(entries.map(({ path }) => path)).toEqual(['/a', '/b', '/b/c', '/b/c/a', '/b/c/d']);
    expect(entries[0]).toEqual(aFile('/a', 'the last one'));
  });

  test('a folder given by hand keeps its mode', () => {
    const entries = withFolders([{ kind: 'folder', path: '/tmp', mode: 0o1777 }, aFile('/tmp/a')]);
    expect(entries[0]).toEqual({ kind: 'folder', path: '/tmp', mode: 0o1777 });
  });

  test('are the same in whatever order the entries come, and give back what went in', async () => {
    const paths = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(paths, fc.infiniteStream(fc.uint8Array({ maxLength: 700 })), async (names, contents) => {
        const entries: Entry[] = names.map((name, index) => ({
          kind: 'file',
          path: `/x${index % 3}/${name}`,
          content: Buffer.from(contents.next().value ?? []),
          mode: 0o644,
        }));
        const archive = await packTar(entries);
        expect(await packTar(entries.toReversed())).toEqual(archive);
        const back = await unpackTar(archive);
        expect(back.filter(({ kind }) => kind === 'file')).toEqual(
          withFolders(entries).filter(({ kind }) => kind === 'file'),
        );
      }),
      { numRuns: 25 },
    );
  });

  test('hold no time, owner or name of the machine', async () => {
    const archive = await packTar([aFile('/a', 'x')]);
    const header = archive.subarray(0, 512);
    expect(header.toString('latin1', 136, 147)).toMatch(/^0+$/);
    expect(header.toString('latin1', 108, 123)).toMatch(/^[0 \0]+$/);
    expect(header.toString('latin1', 265, 329).replaceAll('\0', '')).toBe('');
  });

  test('keep links and long paths', async () => {
    const long = `/${'folder/'.repeat(40)}file`;
    const entries = await unpackTar(await packTar([{ kind: 'link', path: '/l', target: 'a' }, aFile(long, 'x')]));
    expect(entries).toContainEqual({ kind: 'link', path: '/l', target: 'a' });
    expect(entries.find(({ path }) => path === long)).toMatchObject({ kind: 'file', content: Buffer.from('x') });
  });
});
