// helpers/release of cloudscale-ccm, once the pinned Node runs: a real release with credentials, else a dry run.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { root } from '../config.ts';
import { createRelease } from './create-release.ts';
import { dryRun } from './dry-run.ts';
import { Hosting } from './hosting.ts';
import { ImageRegistry } from './image-registry.ts';
import { RELEASE_HELP, parseRelease } from './options.ts';
import type { Credentials, ReleaseOptions } from './options.ts';

const manifest = path.join(root, 'apps/cloudscale-ccm/deploy/latest.yml');
const say = (line: string): void => console.log(line);

process.exitCode = await main();

async function main(): Promise<number> {
  const command = parseRelease(process.argv.slice(2), process.env);
  if (command.kind === 'help') {
    process.stdout.write(RELEASE_HELP);
    return 0;
  }
  if (command.kind === 'mistake') {
    console.error(`release: ${command.message}`);
    return 2;
  }
  try {
    const { credentials } = command.options;
    return credentials ? await release(command.options, credentials) : await rehearse(command.options);
  } catch (error) {
    console.error(`release: ${messageOf(error)}`);
    return 1;
  }
}

async function release(options: ReleaseOptions, credentials: Credentials): Promise<number> {
  const repository = options.repository ?? remoteRepository();
  if (!repository) {
    const message = 'which repository? Set GITHUB_REPOSITORY or --repository OWNER/NAME';
    throw new OperatorError('RELEASE_SETTINGS_INVALID', message, never);
  }
  const configFolder = await mkdtemp(path.join(tmpdir(), 'longshore-registry-'));
  try {
    const hosting = new Hosting({ apiUrl: options.apiUrl, repository, token: credentials.githubToken });
    const registry = new ImageRegistry(options.image, credentials, configFolder);
    const repositoryUrl = pageOf(repository);
    return await createRelease(options, { hosting, registry, manifest, repositoryUrl, confirm, say });
  } finally {
    await rm(configFolder, { recursive: true, force: true });
  }
}

function rehearse(options: ReleaseOptions): Promise<number> {
  const repositoryUrl = pageOf(options.repository ?? remoteRepository() ?? 'OWNER/NAME');
  return dryRun({ ...options, folder: path.resolve(options.folder) }, { git, manifest, repositoryUrl, say });
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    say(`${question} Nobody can answer here: add --yes.`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function pageOf(repository: string): string {
  return `https://github.com/${repository}`;
}

function remoteRepository(): string | undefined {
  return /github\.com[:/]([^/]+\/[^/]+?)(?:\.git)?$/.exec(git('remote', 'get-url', 'origin', '--push'))?.[1];
}

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  if (args[0] === 'remote') return '';
  throw new OperatorError(
    'RELEASE_SETTINGS_INVALID',
    `git ${args.join(' ')}: ${stderr.trim() || 'no such commit'}`,
    never,
  );
}
