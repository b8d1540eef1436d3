// Bundles the program in the current folder: src/main.ts and everything that it imports become dist/program.js with lazily loaded
// chunks, and dist/main.js is the entry guard (packages/k8s-runtime/entry), which checks the Node version and sets V8's heap limits first.
// An app of several programs names them in package.json, `longshore.programs` (name → source): each gets dist/<name>.js.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { bundleSettings } from './bundle-plugins.mjs';

rmSync('dist/chunks', { recursive: true, force: true });
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.entries(manifest.longshore?.programs ?? { [manifest.name.split('/').pop()]: 'src/main.ts' });
const isSingle = manifest.longshore?.programs === undefined;
const chunkOf = (name) => (isSingle ? 'program' : `programs/${name}`);
const result = await build({
  ...bundleSettings,
  entryPoints: Object.fromEntries(entries.map(([name, source]) => [chunkOf(name), source])),
  outdir: 'dist',
  splitting: true,
  sourcemap: 'external',
  chunkNames: 'chunks/[name]-[hash]',
  // The simulators are no part of an image: `--simulate` finds them in node_modules or says what to install.
  external: ['@longshore/cloud-simulators', '@longshore/embedded-control-plane'],
});
writeFileSync('dist/meta.json', JSON.stringify(result.metafile));
// In package.json, `longshore.v8Flags`: what this program wants of V8 beyond what all programs want; `longshore.builtins`: which modules of
// Node it loads first, when not all that it imports.
const guard = readFileSync(path.join(import.meta.dirname, '../../packages/k8s-runtime/entry/entry.js'), 'utf8');
for (const [name] of entries) {
  const text = guard
    .replaceAll('__PROGRAM__', name)
    .replaceAll('__CHUNK__', `${chunkOf(name)}.js`)
    .replaceAll('__BUILTINS__', (manifest.longshore?.builtins ?? builtinsOf(`dist/${chunkOf(name)}.js`)).join(' '))
    .replaceAll('__V8_FLAGS__', (manifest.longshore?.v8Flags ?? []).join(' '));
  writeFileSync(`dist/${isSingle ? 'main' : name}.js`, text);
}

// What V8 compiles while a program starts is kept for the next starts (entry.js). Without it the program works as well, only slower.
rmSync('dist/compile-cache', { recursive: true, force: true });
mkdirSync('dist/compile-cache');
for (const [name] of entries) {
  const main = `dist/${isSingle ? 'main' : name}.js`;
  const warmUp = spawnSync(process.execPath, [main, '--version'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (warmUp.status !== 0) throw new Error(`${main} --version ended with ${warmUp.status ?? warmUp.signal}`);
}

// What a chunk, and those that are always loaded with it, import of Node. In ES modules node:http comes with undici, in this form it does not.
function builtinsOf(chunk) {
  const { outputs } = result.metafile;
  const chunks = new Set([chunk]);
  const builtins = new Set();
  for (const current of chunks) {
    for (const { path: imported, kind, external } of outputs[current].imports) {
      if (!external && kind === 'import-statement') chunks.add(imported);
      if (external && isBuiltin(imported)) builtins.add(imported.replace(/^node:/, ''));
    }
  }
  return [...builtins].sort().map((name) => `node:${name}`);
}
