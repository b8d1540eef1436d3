// Makes the files of src/gen out of the protocol files of CSI and of kubelet's plugin registration: fetches both from their Go modules,
// runs buf with ts-proto, and adds the table of secret fields. Called by main.ts beside it, and by the spec that compares the result.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { secretTable } from './secret-table.ts';

const run = promisify(execFile);
const GO_MODULES = join(import.meta.dirname, '../../../../tools/go');

interface ProtoSource {
  /** Folder under tools/go whose go.sum knows the module. */
  readonly family: string;
  readonly module: string;
  readonly path: string;
  readonly name: string;
  readonly licence: string;
}

const APACHE = 'Licensed under the Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0).';

const SOURCES: readonly ProtoSource[] = [
  {
    family: 'csi-sanity',
    module: 'github.com/container-storage-interface/spec',
    path: 'csi.proto',
    name: 'csi',
    licence: 'Copyright of the Container Storage Interface authors.',
  },
  {
    family: 'kubernetes-1.36',
    module: 'k8s.io/kubelet',
    path: 'pkg/apis/pluginregistration/v1/api.proto',
    name: 'pluginregistration',
    licence: 'Copyright of the Kubernetes authors.',
  },
];

// No TypeScript enums (Node strips types, it does not compile them), exact 64-bit numbers, nothing that is not called.
const OPTIONS = [
  'outputServices=grpc-js',
  'forceLong=bigint',
  'importSuffix=.ts',
  'esModuleInterop=true',
  'enumsAsLiterals=true',
  'unrecognizedEnum=false',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'outputClientImpl=false',
  'annotateFilesWithVersion=false',
];

const GENERATED = ['csi.ts', 'pluginregistration.ts', 'google/protobuf/timestamp.ts', 'google/protobuf/wrappers.ts'];

/** The generated files: content by path under src/gen. `undefined`: the Go modules cannot be had (no Go, or no network). */
export async function generateProtos(): Promise<ReadonlyMap<string, string> | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-protos-'));
  try {
    const versions = await fetchProtos(folder);
    if (versions === undefined) return undefined;
    await runBuf(folder);
    const files = new Map<string, string>();
    for (const path of GENERATED) {
      const text = await readFile(join(folder, 'out', path), 'utf8');
      files.set(path, `${headerOf(path, versions)}${text}`);
    }
    const proto = await readFile(join(folder, 'in/csi.proto'), 'utf8');
    files.set('secret-fields.ts', `${headerOf('csi.ts', versions)}${secretTable(proto)}`);
    return files;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes generated files under `folder`. */
export async function writeGenerated(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

async function fetchProtos(folder: string): Promise<ReadonlyMap<string, string> | undefined> {
  await mkdir(join(folder, 'in'));
  const versions = new Map<string, string>();
  for (const source of SOURCES) {
    const found = await locate(source);
    if (found === undefined) return undefined;
    await copyFile(join(found.folder, source.path), join(folder, 'in', `${source.name}.proto`));
    versions.set(source.name, found.version);
  }
  return versions;
}

async function locate(source: ProtoSource): Promise<{ readonly folder: string; readonly version: string } | undefined> {
  const options = { cwd: join(GO_MODULES, source.family), env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' } };
  try {
    // Checked against the go.sum that is committed there.
    const { stdout } = await run('go', ['mod', 'download', '-json', source.module], options);
    const { Dir, Version } = JSON.parse(stdout) as { readonly Dir?: string; readonly Version?: string };
    return Dir === undefined || Version === undefined ? undefined : { folder: Dir, version: Version };
  } catch {
    return undefined;
  }
}

async function runBuf(folder: string): Promise<void> {
  const bin = (name: string, path: string): string =>
    join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
  const plugin = {
    local: [process.execPath, bin('ts-proto', 'protoc-gen-ts_proto')],
    out: join(folder, 'out'),
    include_imports: true,
    include_wkt: true,
    opt: OPTIONS,
  };
  const template = JSON.stringify({ version: 'v2', plugins: [plugin] });
  const buf = bin('@bufbuild/buf', 'bin/buf');
  const env = { ...process.env, BUF_CACHE_DIR: join(folder, 'cache') };
  await run(process.execPath, [buf, 'generate', join(folder, 'in'), '--template', template], { env });
}

function headerOf(path: string, versions: ReadonlyMap<string, string>): string {
  const source = SOURCES.find(({ name }) => path === `${name}.ts`);
  if (source === undefined)
    return '// Generated by `npm run gen` from the well-known types of protobuf. Do not edit.\n';
  const origin = `${source.path} of ${source.module} ${versions.get(source.name)}`;
  return `// Generated by \`npm run gen\` from ${origin}. Do not edit.\n// ${source.licence} ${APACHE}\n`;
}
