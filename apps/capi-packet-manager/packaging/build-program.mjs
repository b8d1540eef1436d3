// Makes one executable file of a program of this app: `build-program.mjs PROGRAM OS ARCH FILE` (the Makefile's rules call it).
// Where a Node for that platform is at hand (node_modules/node-<os>-<arch>, or NODE_BINARY) the file carries it and runs on a machine without
// Node; else it carries the program alone and starts it with the Node in PATH. For Windows: the script itself, and FILE.cmd that starts it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleSettings } from '../../../tools/scripts/bundle-plugins.mjs';
import { shellHeader, windowsLauncher } from './self-extracting.mjs';

const app = path.resolve(import.meta.dirname, '..');
const root = path.resolve(app, '../..');
const [program, os, arch, file] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(path.join(app, 'package.json'), 'utf8'));
const source = manifest.longshore.programs[program];
if (!source || !os || !arch || !file) {
  const known = Object.keys(manifest.longshore.programs).join(' or ');
  console.error(`usage: build-program.mjs PROGRAM OS ARCH FILE, where PROGRAM is ${known}`);
  process.exit(2);
}

// As entry.js sets them for bundles in an image; here the file that starts Node says them.
const v8Flags = ['--max-semi-space-size=1', '--optimize-for-size', '--disable-warning=ExperimentalWarning'];
const script = await bundle(source);
mkdirSync(path.dirname(file), { recursive: true });
if (os === 'windows') {
  // A package.json somewhere above must not make it CommonJS: the launcher starts the .mjs, the name without ending is the same text.
  const name = path.basename(file);
  write(`${file}.mjs`, script, 0o644);
  write(`${file}.cmd`, windowsLauncher({ program, file: `${name}.mjs`, v8Flags }), 0o755);
  write(file, script, 0o644);
  report('a script for the Node.js of the machine, started by', `${file}.cmd`);
} else {
  const node = nodeOf(os, arch);
  const payloads = [
    { role: 'program', ...payload(program, '.mjs', gzip(script)) },
    ...(program === 'clusterctl' ? [await controlPlane()] : []),
    ...(node ? [{ role: 'node', ...nodePayload(readFileSync(node)) }] : []),
  ];
  const header = Buffer.from(shellHeader({ program, v8Flags, payloads }));
  write(file, Buffer.concat([header, ...payloads.map(({ bytes }) => bytes)]), 0o755);
  report(node ? 'with Node.js inside' : 'for the Node.js of the machine', file);
}

// One file: a copy of it has to work, so nothing is left to be found beside it but the simulators, which are no part of it.
async function bundle(entry) {
  const { outputFiles } = await build({
    ...bundleSettings,
    absWorkingDir: app,
    entryPoints: [entry],
    external: ['@longshore/cloud-simulators'],
    write: false,
  });
  return Buffer.from(withReleasedImages(outputFiles[0].text));
}

// The manifests that clusterctl brings name images as the tree does. A release has its own, with registry and digest: RELEASED_IMAGES, JSON
// by name of the app.
function withReleasedImages(text) {
  const images = Object.entries(JSON.parse(process.env.RELEASED_IMAGES ?? '{}'));
  return images.reduce((now, [app, image]) => now.replace(new RegExp(`longshore/${app}:[\\w.-]+`, 'g'), image), text);
}

// For --bootstrap-type embedded, which runs it as a process of its own.
async function controlPlane() {
  const text = await bundle(path.join(root, 'packages/embedded-control-plane/src/cli.ts'));
  return { role: 'CLUSTERCTL_CONTROL_PLANE', ...payload('control-plane', '.mjs', gzip(text)) };
}

function nodeOf(os, arch) {
  if (process.env.NODE_BINARY) return process.env.NODE_BINARY;
  const name = `node-${os}-${arch === 'amd64' ? 'x64' : arch}`;
  const found = path.join(root, 'node_modules', name, 'bin/node');
  return existsSync(found) ? found : undefined;
}

function payload(name, ending, { hash, bytes }) {
  return { name: `${name}-${hash}${ending}`, size: bytes.length, bytes };
}

// Compressing a Node takes four seconds, and both programs carry the same.
function nodePayload(content) {
  const hash = hashOf(content);
  const kept = path.join(path.dirname(file), `.node-${hash}.gz`);
  if (!existsSync(kept)) write(kept, gzip(content).bytes, 0o644);
  return payload('node', '', { hash, bytes: readFileSync(kept) });
}

// Level 6: the last two percent of a Node take ten seconds more.
function gzip(content) {
  return { hash: hashOf(content), bytes: gzipSync(content, { level: 6 }) };
}

function hashOf(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

// Make takes a file that is there for a finished one.
function write(target, content, mode) {
  const part = `${target}.${process.pid}.part`;
  rmSync(part, { force: true });
  writeFileSync(part, content, { mode });
  renameSync(part, target);
}

function report(what, target) {
  console.log(`${path.relative(process.cwd(), target)}: ${what}`);
}
