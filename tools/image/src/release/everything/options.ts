// The command line of `npm run release`. Pure.
import { parseArgs } from 'node:util';
import { parsePlatform } from './program-assets.ts';
import type { Platform } from './program-assets.ts';

/** What to build and where. */
export interface WholeReleaseOptions {
  readonly isDryRun: boolean;
  readonly folder: string;
  readonly prefix: string;
  /** OWNER/NAME */
  readonly repository: string;
  readonly platforms: readonly Platform[];
  /** A file that `npm run -s image -- all -o json` wrote; absent: images are built. */
  readonly imagesFile: string | undefined;
  readonly isBuilding: boolean;
  /** Only writes the manifests of this version into the tree. */
  readonly isWritingTree: boolean;
}

/** Help, a mistake, or what to do. */
export type WholeReleaseCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'release'; readonly options: WholeReleaseOptions };

/** What `--help` prints. */
export const WHOLE_RELEASE_HELP = `Usage: npm run release -- --dry-run [options]

Builds everything of a release of the version in package.json into a folder: images, manifests that name them by digest, libraries as npm
publishes them, archives with programs, checksums, notes, and publish.sh, which publishes all that. With --dry-run it says what would be
published; without it, publish.sh is run. The version, the change log and the tag are made before by: npx nx release X.Y.Z --skip-publish

  --dry-run             publish nothing
  --output DIR          where to (default: dist/release/vVERSION)
  --prefix PREFIX       registry and path before the apps' names (default: IMAGE_PREFIX, else longshore)
  --repository O/N      where it is published (default: GITHUB_REPOSITORY, else the git remote origin)
  --platform LIST       of the programs; images are built for those of linux (default: all five)
  --images FILE         take names and digests from what \`npm run -s image -- all -o json\` printed, and build no images
  --no-build            take dist folders as they are
  --write-tree          only write the manifests of this version into apps/, where the READMEs name them
  --help                print this
`;

const OPTIONS = {
  'dry-run': { type: 'boolean', default: false },
  output: { type: 'string' },
  prefix: { type: 'string' },
  repository: { type: 'string' },
  platform: { type: 'string', default: 'linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64' },
  images: { type: 'string' },
  'no-build': { type: 'boolean', default: false },
  'write-tree': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What is taken where the command line says nothing. */
export interface Defaults {
  readonly version: string;
  readonly repository: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Parses both. */
export function parseWholeRelease(argv: readonly string[], defaults: Defaults): WholeReleaseCommand {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS });
    if (values.help) return { kind: 'help' };
    return { kind: 'release', options: toOptions(values, defaults) };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function toOptions(
  values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'],
  { version, repository, env }: Defaults,
): WholeReleaseOptions {
  const named = values.repository ?? env['GITHUB_REPOSITORY'] ?? repository;
  if (!named && !values['dry-run'] && !values['write-tree'])
    throw new Error('which repository? Set --repository OWNER/NAME');
  return {
    isDryRun: values['dry-run'],
    folder: values.output ?? `dist/release/v${version}`,
    prefix: values.prefix ?? env['IMAGE_PREFIX'] ?? 'longshore',
    repository: named ?? 'OWNER/NAME',
    platforms: values.platform.split(',').map(platformOf),
    imagesFile: values.images,
    isBuilding: !values['no-build'],
    isWritingTree: values['write-tree'],
  };
}

function platformOf(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform) return platform;
  throw new Error(`--platform "${text}" is none of linux, darwin, windows with /amd64 or /arm64`);
}
