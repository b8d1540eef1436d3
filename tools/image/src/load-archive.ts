// Gives an archive to the Docker or Podman of this machine, where one runs. Without either the archive is the result, which is no failure.
import { spawnSync } from 'node:child_process';

const PROGRAMS = ['docker', 'podman'] as const;

/** Loads it and says in a sentence where the image is now. */
export function loadArchive(archive: string, reference: string, env: NodeJS.ProcessEnv = process.env): string {
  const attempts = PROGRAMS.map((program) => ({ program, ...load(program, archive, env) }));
  const loaded = attempts.find(({ problem }) => problem === undefined);
  if (loaded) return `loaded into ${loaded.program} as ${reference}`;
  const reasons = attempts.map(({ program, problem }) => `${program}: ${problem}`).join('; ');
  return `not loaded (${reasons}): the image is in ${archive}, for docker load -i or podman load -i`;
}

function load(program: string, archive: string, env: NodeJS.ProcessEnv): { readonly problem?: string } {
  // Docker's command may be there without anything that answers it.
  const { status, error, stderr } = spawnSync(program, ['info'], { env, encoding: 'utf8', timeout: 30_000 });
  if (error) return { problem: 'is not installed' };
  if (status !== 0) return { problem: stderr.trim().split('\n').at(-1) || 'does not answer' };
  const loading = spawnSync(program, ['load', '-i', archive], { env, encoding: 'utf8' });
  return loading.status === 0 ? {} : { problem: loading.stderr.trim().split('\n').at(-1) || 'refused the archive' };
}
