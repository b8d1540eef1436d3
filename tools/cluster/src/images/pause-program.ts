// The pause image: a static program that waits for its end, in an archive of its own. No registry is asked. It is made once per machine,
// with the Go that also builds Kubernetes, and then taken from the cache.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf } from '@longshore/image';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { PAUSE_IMAGE } from '../node/node-files.ts';
import { runCommand } from '../node/run-command.ts';
import { packProgram } from './program-archive.ts';

// As the first process of pods that share their process namespace it also takes leave of orphans.
const SOURCE = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for got := range signals {
		if got != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
`;

/** The archive of the pause image; built when it is in no cache yet. */
export async function pauseImage(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const version = digestOf(Buffer.from(SOURCE)).slice('sha256:'.length, 'sha256:'.length + 12);
  const archive = path.join(cacheFolder(env), `pause-${version}-${process.arch}.docker.tar`);
  if (existsSync(archive)) return archive;
  await mkdir(path.dirname(archive), { recursive: true });
  const image = await packProgram({ reference: PAUSE_IMAGE, program: '/pause', binary: await build() });
  // Another cluster may be at it as well: whoever is last replaces the same by the same.
  await writeFile(`${archive}.${process.pid}.tmp`, image);
  await rename(`${archive}.${process.pid}.tmp`, archive);
  return archive;
}

async function build(): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-pause-'));
  try {
    await writeFile(path.join(folder, 'pause.go'), SOURCE);
    const flags = ['-trimpath', '-ldflags=-s -w', '-o', path.join(folder, 'pause'), path.join(folder, 'pause.go')];
    await runCommand(['env', 'CGO_ENABLED=0', 'GO111MODULE=off', 'GOFLAGS=', 'go', 'build', ...flags]);
    return await readFile(path.join(folder, 'pause'));
  } catch (error) {
    const message = `the pause program could not be built with Go (is it installed?): ${messageOf(error)}`;
    throw new OperatorError('CLUSTER_START_FAILED', message, never, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const cache =
    env['LONGSHORE_CACHE'] || path.join(env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'longshore');
  return path.resolve(cache, 'cluster');
}
