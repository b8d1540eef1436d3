// `npm run release`: builds everything of a release, and says what publishing would do, or does it.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import { root } from '../../config.ts';
import { sectionOf } from '../change-log.mjs';
import { buildRelease, writeTree } from './build-release.ts';
import { parseWholeRelease, WHOLE_RELEASE_HELP } from './options.ts';
import type { WholeReleaseOptions } from './options.ts';
import { publishProblems } from './publish-check.ts';
import type { WorkingCopy } from './publish-check.ts';
import { describeStep } from './release-plan.ts';

const say = (line: string): void => console.log(line);

process.exitCode = await main();

async function main(): Promise<number> {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const command = parseWholeRelease(process.argv.slice(2), {
    version,
    repository: remoteRepository(),
    env: process.env,
  });
  if (command.kind === 'help') {
    process.stdout.write(WHOLE_RELEASE_HELP);
    return 0;
  }
  if (command.kind === 'mistake') {
    console.error(`release: ${command.message}`);
    return 2;
  }
  try {
    return await release(command.options, version);
  } catch (error) {
    console.error(`release: ${messageOf(error)}`);
    return 1;
  }
}

async function release(options: WholeReleaseOptions, version: string): Promise<number> {
  if (options.isWritingTree) {
    for (const file of await writeTree(version)) say(file);
    return 0;
  }
  if (!options.isDryRun) {
    const problems = publishProblems(version, await workingCopy(version));
    for (const problem of problems) console.error(`release: ${problem}`);
    if (problems.length > 0) return 1;
  }
  const steps = await buildRelease(options, { version, commit: git('rev-parse', 'HEAD'), say });
  say(`Version ${version} is in ${options.folder}.`);
  if (!options.isDryRun) return run(path.resolve(options.folder, 'publish.sh'));
  say('Dry run: nothing was published. publish.sh would:');
  for (const step of steps) say(`  ${describeStep(step)}`);
  return 0;
}

async function workingCopy(version: string): Promise<WorkingCopy> {
  const log = await readFile(path.join(root, 'CHANGELOG.md'), 'utf8');
  return {
    changed: git('status', '--porcelain').split('\n').filter(Boolean),
    head: git('rev-parse', 'HEAD'),
    tagged: git('rev-parse', '--quiet', '--verify', `v${version}^{commit}`) || undefined,
    hasChangeLog: sectionOf(log, version) !== undefined,
  };
}

function run(script: string): number {
  return spawnSync(script, { stdio: 'inherit' }).status ?? 1;
}

function remoteRepository(): string | undefined {
  return /github\.com[:/]([^/]+\/[^/]+?)(?:\.git)?$/.exec(git('remote', 'get-url', 'origin', '--push'))?.[1];
}

function git(...args: readonly string[]): string {
  const { stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return stdout.trim();
}
