// The command line of `npm run image`. Pure: main.ts does what comes out of it.
import { parseArgs } from 'node:util';
import { imageApps, parseApp } from './app-names.ts';
import type { ImageApp } from './app-names.ts';
import type { LibrarySource } from './debian-files.ts';
import type { Arch } from './oci.ts';

/** How images are written. */
export type Format = 'oci' | 'oci-archive' | 'docker-archive' | 'rootfs';

/** What to build and where to put it. */
export interface ImageOptions {
  readonly apps: readonly ImageApp[];
  readonly platforms: readonly Arch[];
  readonly format: Format;
  readonly folder: string;
  readonly libraries: LibrarySource;
  readonly prefix: string;
  readonly tag: string | undefined;
  /** The image's whole name. */
  readonly reference: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly print: 'table' | 'json';
  readonly isBuilding: boolean;
  /** A registry to push to, with what stands before the app's name. */
  readonly push: string | undefined;
  /** Whether it is pushed under its whole name. */
  readonly isPushingReference: boolean;
  /** Whether Docker or Podman gets it. */
  readonly isLoading: boolean;
}

/** A request for help, a mistake, or what to do; `table`: the table of images in README.md. */
export type CommandLine =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'table' }
  | { readonly kind: 'build'; readonly options: ImageOptions };

const FORMATS: readonly Format[] = ['oci', 'oci-archive', 'docker-archive', 'rootfs'];
const SOURCES: readonly LibrarySource[] = ['auto', 'pinned', 'machine'];

/** What `--help` prints. */
export const HELP = `Usage: npm run image -- APP... | all [options]
       npm run image -- table     measures all images and starts and writes the table in README.md

Builds images of the programs without Docker and without a registry. Apps: ${imageApps.join(', ')}.

  --platform LIST    linux/amd64, linux/arm64 or both with a comma (default: linux/amd64)
  --format FORMAT    oci: a layout that all images share (default); oci-archive, docker-archive: one archive per app;
                     rootfs: the files as a folder
  --output DIR       where to (default: dist/images)
  --prefix PREFIX    what stands before the app's name (default: longshore)
  --tag TAG          default: the version, as the app's tags have it
  --name REFERENCE   the whole name of the image of one app, in place of --prefix and --tag
  --label KEY=VALUE  a further label; can be given several times
  --libraries FROM   pinned: from Debian packages that are pinned by hash; machine: this machine's own; auto (default): pinned, and
                     where they cannot be had the machine's, with a notice
  --push PREFIX      push the images to PREFIX/APP:TAG by the distribution protocol (PREFIX holds the registry's host)
  --push-name        push the image under its --name
  --load             with --format docker-archive: load it into Docker or Podman where one runs
  --no-build         take apps/*/dist as they are
  -o json            print name, platform, digest and size as JSON (with npm run -s, nothing else is printed)
  --help             print this

The time in the images is SOURCE_DATE_EPOCH, else the beginning of 1970: the same input gives the same digest.
`;

/** Parses what stands behind the command. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  try {
    return toRequest(parse(argv));
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function parse(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
}

const OPTIONS = {
  platform: { type: 'string', default: 'linux/amd64' },
  format: { type: 'string', default: 'oci' },
  output: { type: 'string', default: 'dist/images' },
  prefix: { type: 'string', default: 'longshore' },
  tag: { type: 'string' },
  name: { type: 'string' },
  label: { type: 'string', multiple: true, default: [] as string[] },
  libraries: { type: 'string', default: 'auto' },
  push: { type: 'string' },
  'push-name': { type: 'boolean', default: false },
  load: { type: 'boolean', default: false },
  'no-build': { type: 'boolean', default: false },
  print: { type: 'string', short: 'o', default: 'table' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function toRequest({ values, positionals }: ReturnType<typeof parse>): CommandLine {
  if (values.help) return { kind: 'help' };
  if (positionals.join() === 'table') return { kind: 'table' };
  const options: ImageOptions = {
    apps: positionals.includes('all') ? [...imageApps] : positionals.map(appOf),
    platforms: [...new Set(values.platform.split(','))].map(platformOf),
    format: oneOf(values.format, FORMATS, '--format'),
    folder: values.output,
    libraries: oneOf(values.libraries, SOURCES, '--libraries'),
    prefix: values.prefix,
    tag: values.tag,
    reference: values.name,
    labels: Object.fromEntries(values.label.map(labelOf)),
    print: oneOf(values.print, ['table', 'json'] as const, '-o'),
    isBuilding: !values['no-build'],
    push: values.push,
    isPushingReference: values['push-name'],
    isLoading: values.load,
  };
  const message = contradiction(options);
  return message ? { kind: 'mistake', message } : { kind: 'build', options };
}

function contradiction(options: ImageOptions): string | undefined {
  const { apps, platforms, format, reference } = options;
  const isOfOnePlatform = format === 'docker-archive' || format === 'rootfs';
  const rules: readonly (readonly [isBroken: boolean, message: string])[] = [
    [apps.length === 0, `name an app or all: ${imageApps.join(', ')}`],
    [platforms.length > 1 && isOfOnePlatform, `--format ${format} holds one platform: run it once for each`],
    [reference !== undefined && apps.length > 1, '--name is the name of one image: name one app'],
    [options.isPushingReference && reference === undefined, '--push-name needs --name'],
    [options.isLoading && format !== 'docker-archive', '--load needs --format docker-archive'],
  ];
  return rules.find(([isBroken]) => isBroken)?.[1];
}

function appOf(text: string): ImageApp {
  const app = parseApp(text);
  if (app) return app;
  throw new Error(`there is no image of "${text}": name ${imageApps.join(', ')} or all`);
}

function platformOf(text: string): Arch {
  if (text === 'linux/amd64') return 'amd64';
  if (text === 'linux/arm64') return 'arm64';
  throw new Error(`--platform "${text}": use linux/amd64, linux/arm64 or both with a comma`);
}

function labelOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new Error(`--label "${text}": write KEY=VALUE`);
}

function oneOf<T extends string>(text: string, values: readonly T[], option: string): T {
  const value = values.find((one) => one === text);
  if (value) return value;
  throw new Error(`${option} "${text}": use ${values.join(', ')}`);
}
