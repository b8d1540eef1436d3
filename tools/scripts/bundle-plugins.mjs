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

// When axios is loaded it looks at the globals Request, Response and FormData, which loads undici too. cloud-http sends JSON with the http
// adapter: it needs none of them.
const lightAxios = {
  name: 'light-axios',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]adapters[\\/]fetch\.js$/ }, () => ({
      contents: 'export const getFetch = () => undefined;\nexport default undefined;',
    }));
    builder.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]utils\.js$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replaceAll('G.FormData', 'undefined'),
    }));
  },
};

// Modules of Node that libraries import for cases that seldom come: axios for HTTP/2, grpc-js for names of hosts and compressed messages.
// They are loaded at the first use (half a MiB each).
const lateBuiltins = {
  name: 'late-builtins',
  setup(builder) {
    builder.onResolve({ filter: /^(node:)?(http2|dns|zlib)$/ }, ({ path: wanted, kind, importer }) => {
      const name = wanted.replace(/^node:/, '');
      const isLate = name === 'http2' ? kind === 'import-statement' : /[\\/]grpc-js[\\/]/.test(importer);
      return isLate ? { path: name, namespace: `late-${kind}` } : undefined;
    });
    const late = (name) => `new Proxy({}, { get: (_, key) => process.getBuiltinModule('node:${name}')[key] })`;
    builder.onLoad({ filter: /.*/, namespace: 'late-import-statement' }, ({ path: name }) => ({
      contents: `export default ${late(name)};`,
    }));
    builder.onLoad({ filter: /.*/, namespace: 'late-require-call' }, ({ path: name }) => ({
      contents: `module.exports = ${late(name)};`,
    }));
  },
};

// Of winston a program uses a logger, a format and a transport of its own. Its other transports and formats, its colours, its copy of Node's
// streams (READABLE_STREAM=disable leaves it out as well) and what it prints when DEBUG is set stay out: half a MiB.
const lightWinston = {
  name: 'light-winston',
  setup(builder) {
    const put = (filter, name, when = () => true) =>
      builder.onResolve({ filter }, ({ kind, resolveDir }) =>
        when(kind) ? { path: name, namespace: 'light-winston', pluginData: resolveDir } : undefined,
      );
    put(/^winston$/, 'winston', (kind) => kind === 'import-statement');
    put(/^@dabh\/diagnostics$/, 'silent');
    put(/^logform$/, 'colours');
    put(/^readable-stream$/, 'stream');
    put(/^readable-stream\/lib\/_stream_writable\.js$/, 'writable');
    const contents = {
      winston: [
        "import createLogger from 'winston/lib/winston/create-logger.js';",
        "import Transport from 'winston-transport';",
        "import format from 'logform/format.js';",
        'export default { createLogger, Transport, format };',
      ].join('\n'),
      silent: 'module.exports = () => () => {};',
      colours: 'exports.levels = () => {};',
      stream: "module.exports = require('stream');",
      writable: "module.exports = require('stream').Writable;",
    };
    builder.onLoad({ filter: /.*/, namespace: 'light-winston' }, ({ path: name, pluginData }) => ({
      contents: contents[name],
      resolveDir: pluginData,
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
    // The diagnostic services, which nobody adds here, are the only users of these.
    builder.onResolve({ filter: /^(@grpc\/proto-loader|\.\/make-client|\.\/channel-credentials)$/ }, ({ importer }) =>
      /[\\/]grpc-js[\\/]build[\\/]src[\\/](channelz|orca)\.js$/.test(importer)
        ? { path: 'none', namespace: 'light-grpc-none' }
        : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'light-grpc-none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** All of them. */
export const bundlePlugins = [lightHttp, lightAxios, lateBuiltins, lightWinston, lightGrpc];

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
