// Bundles the program in the current folder: src/main.ts and everything that it imports become dist/program.js with lazily loaded
// chunks, and dist/main.js is the entry guard (packages/k8s-runtime/entry), which checks the Node version and sets V8's heap limits first.
// An app of several programs names them in package.json, `longshore.programs` (name → source): each gets dist/<name>.js.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { build } from 'esbuild';

// An ES import of node:http makes Node evaluate its WebSocket exports and load undici (12 MiB, 70 ms). The same module taken from
// process.getBuiltinModule does not.
const lightHttp = {
  name: 'light-http',
  setup(builder) {
    builder.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'light-http' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'light-http' }, () => {
      const descriptors = Object.entries(Object.getOwnPropertyDescriptors(http));
      const names = descriptors.filter(([, { value }]) => value !== undefined).map(([name]) => name);
      const named = `export const { ${names.join(', ')} } = http;`;
      return { contents: `const http = process.getBuiltinModule('node:http');\nexport default http;\n${named}` };
    });
  },
};

// When axios is loaded it looks at the globals Request, Response and FormData, which loads undici too, and imports http2. cloud-http sends
// JSON with the http adapter over HTTP/1.1: it needs none of them.
const lightAxios = {
  name: 'light-axios',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]adapters[\\/]fetch\.js$/ }, () => ({
      contents: 'export const getFetch = () => undefined;\nexport default undefined;',
    }));
    builder.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]utils\.js$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replaceAll('G.FormData', 'undefined'),
    }));
    builder.onResolve({ filter: /^(node:)?http2$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http2', namespace: 'light-http2' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'light-http2' }, () => ({
      contents: "export default new Proxy({}, { get: (_, name) => process.getBuiltinModule('node:http2')[name] });",
    }));
  },
};

// What winston prints when its DEBUG variable is set: nobody sets it, and it brings a library for colours.
const lightWinston = {
  name: 'light-winston',
  setup(builder) {
    builder.onResolve({ filter: /^@dabh\/diagnostics$/ }, () => ({ path: 'silent', namespace: 'light-winston' }));
    builder.onLoad({ filter: /.*/, namespace: 'light-winston' }, () => ({
      contents: 'module.exports = () => () => {};',
    }));
  },
};

// grpc-js loads its client with all load balancers, and protobufjs for its own diagnostic services, at once (300 KB of source, 1 MiB). A
// CSI driver is a server: it gets the server, and the resolvers that name its sockets.
const lightGrpc = {
  name: 'light-grpc',
  setup(builder) {
    builder.onResolve({ filter: /^@grpc\/grpc-js$/ }, ({ kind, resolveDir }) =>
      kind === 'import-statement'
        ? { path: 'grpc-server', namespace: 'light-grpc', pluginData: resolveDir }
        : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'light-grpc' }, ({ pluginData }) => ({
      contents: [
        ...['uds', 'ip', 'dns'].map(
          (kind) => `import { setup as ${kind} } from '@grpc/grpc-js/build/src/resolver-${kind}.js';`,
        ),
        'uds(); ip(); dns();',
        "export { Server } from '@grpc/grpc-js/build/src/server.js';",
        "export { ServerCredentials } from '@grpc/grpc-js/build/src/server-credentials.js';",
        "export { ServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js';",
      ].join('\n'),
      resolveDir: pluginData,
    }));
    // The diagnostic services, which nobody adds here, are the only users of these two.
    builder.onResolve({ filter: /^(@grpc\/proto-loader|\.\/make-client)$/ }, ({ importer }) =>
      /[\\/]grpc-js[\\/]build[\\/]src[\\/](channelz|orca)\.js$/.test(importer)
        ? { path: 'none', namespace: 'light-grpc-none' }
        : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'light-grpc-none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

rmSync('dist/chunks', { recursive: true, force: true });
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.entries(manifest.longshore?.programs ?? { [manifest.name.split('/').pop()]: 'src/main.ts' });
const isSingle = manifest.longshore?.programs === undefined;
const chunkOf = (name) => (isSingle ? 'program' : `programs/${name}`);
const result = await build({
  entryPoints: Object.fromEntries(entries.map(([name, source]) => [chunkOf(name), source])),
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
  plugins: [lightHttp, lightAxios, lightWinston, lightGrpc],
  logLevel: 'warning',
});
writeFileSync('dist/meta.json', JSON.stringify(result.metafile));
// `longshore.v8Flags` in package.json: what this program wants of V8 beyond what all programs want.
const guard = readFileSync(path.join(import.meta.dirname, '../../packages/k8s-runtime/entry/entry.js'), 'utf8');
for (const [name] of entries) {
  const text = guard
    .replaceAll('__PROGRAM__', name)
    .replaceAll('__CHUNK__', `${chunkOf(name)}.js`)
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
