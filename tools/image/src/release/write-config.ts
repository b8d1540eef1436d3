// Writes apps/cloudscale-ccm/releases from deploy/latest.yml: the layout in which a release has its config.yml. Run after a change of the
// manifest: node --conditions=@longshore/source tools/image/src/release/write-config.ts
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { releaseFolder, renderReleases } from './releases-in-tree.ts';

for (const [name, content] of await renderReleases()) {
  const file = path.join(releaseFolder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  console.log(path.relative(process.cwd(), file));
}
