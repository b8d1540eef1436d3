// esbuild plugins of all bundles (bundle-app.mjs, and who makes other forms of a program): what libraries load and we never use stays out.
import { readFileSync } from 'node:fs';
import http from 'node:http';

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

/** All of them. */
export const bundlePlugins = [lightHttp, lightAxios, lightWinston, lightGrpc];

/** What every bundle has, whatever its form. */
export const bundleSettings = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  conditions: ['@longshore/source'],
  minify: true,
  legalComments: 'none',
  metafile: true,
  // CommonJS dependencies call require('node builtin') at run time.
  banner: {
    js: "import{createRequire as longshoreRequire}from'node:module';const require=longshoreRequire(import.meta.url);",
  },
  plugins: bundlePlugins,
  logLevel: 'warning',
};
