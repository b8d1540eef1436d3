// The archives of the cluster-api provider, one per platform: clusterctl and manager as one-file programs, generate-yaml.sh with its
// template, provider-components.yaml with the released image. What is unpacked works from any folder.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { OperatorError, never } from '@longshore/reconciler-core';
import { packTar } from '../../archive.ts';
import type { ImageApp } from '../../app-names.ts';
import type { Entry } from '../../archive.ts';
import { findNode } from '../../node-binary.ts';
import type { Arch } from '../../oci.ts';

/** Where a program runs. For platforms without a Node of ours the archive's programs take the machine's. */
export interface Platform {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
}

/** What the archives are made of. */
export interface AssetSettings {
  readonly root: string;
  readonly cacheFolder: string;
  readonly version: string;
  /** Text of provider-components.yaml. */
  readonly providerComponents: string;
  /** The released images by app: that of both managers, which generate-yaml.sh writes unless IMG says another, and those of addons.yaml. */
  readonly images: Readonly<Record<ImageApp, string>>;
  /** Where the archives go. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

const PROGRAMS = ['clusterctl', 'manager'] as const;
const EXECUTABLE = 0o755;

/** Parses `linux/amd64`. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os, arch] = /^(linux|darwin|windows)\/(amd64|arm64)$/.exec(text) ?? [];
  return os && arch ? { os: os as Platform['os'], arch: arch as Platform['arch'] } : undefined;
}

/** Name of an archive without its ending; also the folder in it. */
export function assetName(version: string, { os, arch }: Platform): string {
  return `cluster-api-provider-packet-v${version}-${os}-${arch}`;
}

/** Builds the archive of a platform and resolves with its file name. */
export async function buildProgramAsset(platform: Platform, settings: AssetSettings): Promise<string> {
  const name = assetName(settings.version, platform);
  settings.say(`  ${name}`);
  const files = [...(await programFiles(platform, settings)), ...(await otherFiles(settings))];
  const entries: Entry[] = files.map(({ at, content, mode }) => ({
    kind: 'file',
    path: `/${name}/${at}`,
    content,
    mode,
  }));
  await mkdir(settings.folder, { recursive: true });
  // The programs in it are compressed already.
  await writeFile(path.join(settings.folder, `${name}.tar.gz`), gzipSync(await packTar(entries), { level: 1 }));
  return `${name}.tar.gz`;
}

interface AssetFile {
  readonly at: string;
  readonly content: Buffer;
  readonly mode: number;
}

async function programFiles({ os, arch }: Platform, settings: AssetSettings): Promise<readonly AssetFile[]> {
  const { root, folder } = settings;
  const work = path.join(folder, `.programs-${os}-${arch}`);
  await mkdir(work, { recursive: true });
  try {
    const script = path.join(root, 'apps/capi-packet-manager/packaging/build-program.mjs');
    const images = { RELEASED_IMAGES: JSON.stringify(settings.images) };
    const env = {
      ...process.env,
      ...images,
      ...(os === 'linux' ? { NODE_BINARY: await nodeFile(arch, work, settings) } : {}),
    };
    const found: AssetFile[] = [];
    for (const program of PROGRAMS) {
      await promisify(execFile)(process.execPath, [script, program, os, arch, path.join(work, program)], { env });
      const names = os === 'windows' ? [`${program}.cmd`, `${program}.mjs`] : [program];
      for (const name of names) {
        found.push({ at: `bin/${name}`, content: await readFile(path.join(work, name)), mode: EXECUTABLE });
      }
    }
    return found;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

// The same Node as in the images.
async function nodeFile(arch: Arch, work: string, { root, cacheFolder }: AssetSettings): Promise<string> {
  const { binary } = await findNode(arch, root, cacheFolder);
  const file = path.join(work, 'node');
  await writeFile(file, binary, { mode: EXECUTABLE });
  return file;
}

async function otherFiles({ root, providerComponents, images }: AssetSettings): Promise<readonly AssetFile[]> {
  const app = path.join(root, 'apps/capi-packet-manager');
  const copied = ['generate-yaml.sh', 'config/default/machine_configs.yaml', 'README.md'];
  const files = await Promise.all(
    copied.map(async (at) => {
      const content = await readFile(path.join(app, at));
      const isScript = at.endsWith('.sh');
      return {
        at,
        content: isScript ? Buffer.from(withImage(String(content), images['capi-packet-manager'])) : content,
        mode: isScript ? EXECUTABLE : 0o644,
      };
    }),
  );
  return [
    ...files,
    { at: 'LICENSE', content: await readFile(path.join(root, 'LICENSE')), mode: 0o644 },
    { at: 'provider-components.yaml', content: Buffer.from(providerComponents), mode: 0o644 },
  ];
}

/** generate-yaml.sh with another image where IMG is not set. */
export function withImage(script: string, image: string): string {
  const changed = script.replace(/^set -eu$/m, `set -eu\nIMG=\${IMG:-${image}}`);
  if (changed !== script) return changed;
  throw new OperatorError(
    'RELEASE_SETTINGS_INVALID',
    'generate-yaml.sh has no line "set -eu" to put the image after',
    never,
  );
}
