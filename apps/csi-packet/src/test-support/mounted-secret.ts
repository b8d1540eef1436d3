// A Secret as kubelet mounts it.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the folder `at`: links to files in another folder, which kubelet swaps as a whole. */
export async function mountSecret(at: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(at, '..data_1'), { recursive: true });
  await symlink('..data_1', join(at, '..data'));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(at, '..data_1', name), text);
    await symlink(`..data/${name}`, join(at, name));
  }
}
