// `npm run cluster -- load`: finds the cluster that another process runs by the note in its temp folder.
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import type { RunningCluster } from './cluster.ts';
import { pathsIn } from './node/node-files.ts';
import { importImage } from './node/import-image.ts';

const NOTE = 'cluster.json';

/** Lets `load` find the cluster. */
export async function noteRunning({ folder, nodeName }: RunningCluster): Promise<void> {
  await writeFile(path.join(folder, NOTE), JSON.stringify({ nodeName }));
}

/** Imports archives into the cluster that runs, or into the one in `cluster`; resolves with the names of the images. */
export async function loadIntoRunning({
  archives,
  cluster,
}: {
  readonly archives: readonly string[];
  readonly cluster: string | undefined;
}): Promise<readonly string[]> {
  const folder = chooseCluster(await runningClusters(), cluster);
  const names: string[] = [];
  for (const archive of archives) {
    // containerd's program says only that it could not open it.
    await readFile(archive).catch((error: Error) =>
      Promise.reject(new Error(`no archive of an image: ${error.message}`)),
    );
    names.push(...(await importImage(pathsIn(folder).socket, path.resolve(archive))));
  }
  return names;
}

/** The only cluster, or the one that was named. */
export function chooseCluster(running: readonly string[], named: string | undefined): string {
  const wanted = named === undefined ? running : running.filter((one) => one === path.resolve(named));
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) return only;
  const hint =
    running.length === 0 ? 'start one with npm run cluster -- up' : `add --cluster, one of ${running.join(', ')}`;
  const what = named === undefined ? `${running.length} clusters run` : `no cluster runs in ${named}`;
  throw new OperatorError('CLUSTER_NOT_FOUND', `${what}: ${hint}`, never);
}

async function runningClusters(): Promise<readonly string[]> {
  const entries = (await readdir(tmpdir())).filter((entry) => entry.startsWith('longshore-cluster-'));
  return entries.map((entry) => path.join(tmpdir(), entry)).filter((folder) => existsSync(path.join(folder, NOTE)));
}
