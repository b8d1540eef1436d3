// Bundles the program in the current folder: src/main.ts and everything that it imports become dist/program.js with lazily loaded
// chunks, and dist/main.js is the entry guard (packages/k8s-runtime/entry), which checks the Node version and sets V8's heap limits first.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const result = await build({
  entryPoints: { program: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  conditions: ['@longshore/source'],
  minify: true,
  legalComments: 'none',
  sourcemap: 'external',
  metafile: true,
  chunkNames: 'chunks/[name]-[hash]',
  // The simulators are no part of an image: `--simulate` finds them in node_modules or says what to install.
  external: ['@longshore/cloud-simulators', '@longshore/embedded-control-plane'],
  // CommonJS dependencies call require('node builtin') at run time.
  banner: {
    js: "import{createRequire as longshoreRequire}from'node:module';const require=longshoreRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
writeFileSync('dist/meta.json', JSON.stringify(result.metafile));
const guard = readFileSync(path.join(import.meta.dirname, '../../packages/k8s-runtime/entry/entry.js'), 'utf8')
  .replaceAll('__PROGRAM__', manifest.name.split('/').pop())
  .replaceAll('__CHUNK__', 'program.js');
writeFileSync('dist/main.js', guard);
