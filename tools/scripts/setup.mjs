// First step of `npm run demo` and `npm test`: installs what is missing and finds the pinned Node.
// Runs on whatever Node is there (18 or newer), so it uses nothing younger than that.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const bin = path.join(root, 'node_modules', '.bin');
const stamp = path.join(root, 'node_modules', '.longshore-lock');

/** Environment in which `node`, `nx`, `jest` … are the repository's own and nothing asks or phones home. */
export function environment() {
  const PATH = `${bin}${path.delimiter}${process.env.PATH ?? ''}`;
  return { ...process.env, PATH, CI: 'true', NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_SKIP_LOG_GROUPING: 'true' };
}

/** Runs a command in the repository's root with its output shown; returns the exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: environment(), ...options });
  if (result.error) console.error(`${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Installs the dependencies when they are missing or not those of the lock file; ends the process when that fails. */
export function ensureDependencies() {
  const digest = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  const isInstalled = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
  if (!isInstalled) install(digest);
  const version = pinnedNodeVersion();
  if (version && Number(version.split('.')[0]) >= 24) return;
  const found =
    version ??
    `no platform package for ${process.platform}-${process.arch}, and the machine's own is ${process.versions.node}`;
  console.error(
    `Longshore's scripts need Node 24 or newer (found: ${found}). Install Node 24 and run the command again.`,
  );
  process.exit(2);
}

function install(digest) {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    console.log(`Installing npm packages${attempt > 1 ? ` (attempt ${attempt} of 3)` : ''} …`);
    const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env: process.env });
    if (status === 0) {
      writeFileSync(stamp, digest);
      return;
    }
  }
  console.error('npm ci failed three times: see its messages above. Is the npm registry reachable?');
  process.exit(1);
}

// The Node of node_modules/.bin (the platform package), else the machine's own.
function pinnedNodeVersion() {
  const answer = spawnSync('node', ['-p', 'process.versions.node'], {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
  });
  return answer.status === 0 ? answer.stdout.trim() : undefined;
}
