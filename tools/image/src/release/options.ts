// The command line and the environment of helpers/release. Pure.
import { parseArgs } from 'node:util';
import { INCREMENTS, parseVersion } from './version.ts';
import type { Increment, Version } from './version.ts';

/** Who may write where; absent for a dry run. */
export interface Credentials {
  readonly githubToken: string;
  readonly registryUser: string;
  readonly registryPassword: string;
}

/** What to release and how. */
export interface ReleaseOptions {
  readonly increment: Increment;
  readonly isPre: boolean;
  readonly ref: string;
  readonly isForced: boolean;
  readonly isConfirmed: boolean;
  readonly oldVersion: Version | undefined;
  /** OWNER/NAME; absent: that of the git remote. */
  readonly repository: string | undefined;
  readonly image: string;
  readonly apiUrl: string;
  /** Absent: a dry run. */
  readonly credentials: Credentials | undefined;
  /** Where the documents of a dry run go. */
  readonly folder: string;
}

/** Help, a mistake, or what to do. */
export type ReleaseCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'create'; readonly options: ReleaseOptions };

const MAIN = 'main';

/** What `--help` prints. */
export const RELEASE_HELP = `Usage: helpers/release create major|minor|patch [options]

Releases the image that the tests of a commit ran with, under the next version. Without credentials it is a dry run: nothing is
asked and nothing is written but the documents of the release in dist/release.

  --pre                a pre-release (1.4.0-rc.1, then rc.2, …); the only kind that another branch than main may have
  --ref REF            branch, tag or commit (default: main)
  --force              overrule problems that are not FATAL; an existing release of the version is replaced
  --old-version X.Y.Z  what to count from (default: the newest release)
  --repository O/N     the repository (default: GITHUB_REPOSITORY, else the git remote origin)
  --image REPOSITORY   where the image goes (default: IMAGE_REPOSITORY, else quay.io/longshore/cloudscale-ccm)
  --dry-run            a dry run although there are credentials
  --yes                do not ask
  --output DIR         where a dry run writes (default: dist/release)

Environment: GITHUB_TOKEN (Actions and Commit statuses: read; Contents: read and write), QUAY_BOT_USER and QUAY_BOT_PASS (or
QUAY_USER and QUAY_PASS), GITHUB_API_URL.
`;

const OPTIONS = {
  pre: { type: 'boolean', default: false },
  ref: { type: 'string', default: MAIN },
  force: { type: 'boolean', default: false },
  'old-version': { type: 'string' },
  repository: { type: 'string' },
  image: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  output: { type: 'string', default: 'dist/release' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Parses both. */
export function parseRelease(argv: readonly string[], env: NodeJS.ProcessEnv): ReleaseCommand {
  try {
    const { values, positionals } = parse(argv);
    if (values.help) return { kind: 'help' };
    const options = toOptions({ values, positionals }, env);
    if (options.isPre || options.ref === MAIN) return { kind: 'create', options };
    return mistake(`a release is made from main; ${options.ref} can only be a pre-release: add --pre`);
  } catch (error) {
    return mistake(error instanceof Error ? error.message : String(error));
  }
}

function parse(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
}

function toOptions({ values, positionals }: ReturnType<typeof parse>, env: NodeJS.ProcessEnv): ReleaseOptions {
  return {
    increment: incrementOf(positionals),
    isPre: values.pre,
    ref: values.ref,
    isForced: values.force,
    isConfirmed: values.yes,
    oldVersion: values['old-version'] === undefined ? undefined : versionOf(values['old-version']),
    repository: values.repository ?? env['GITHUB_REPOSITORY'],
    image: values.image ?? env['IMAGE_REPOSITORY'] ?? 'quay.io/longshore/cloudscale-ccm',
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    credentials: values['dry-run'] ? undefined : credentialsOf(env),
    folder: values.output,
  };
}

function mistake(message: string): ReleaseCommand {
  return { kind: 'mistake', message };
}

function incrementOf([command, word, ...rest]: readonly string[]): Increment {
  const increment = INCREMENTS.find((one) => one === word);
  if (command === 'create' && increment && rest.length === 0) return increment;
  throw new Error('usage: helpers/release create major|minor|patch');
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version) return version;
  throw new Error(`--old-version "${text}" is no version such as 1.3.0 or 1.4.0-rc.1`);
}

// Some of them are a mistake: half a release is worse than none.
function credentialsOf(env: NodeJS.ProcessEnv): Credentials | undefined {
  const found = {
    GITHUB_TOKEN: env['GITHUB_TOKEN'],
    QUAY_BOT_USER: env['QUAY_BOT_USER'] ?? env['QUAY_USER'],
    QUAY_BOT_PASS: env['QUAY_BOT_PASS'] ?? env['QUAY_PASS'],
  };
  const missing = Object.entries(found).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length === Object.keys(found).length) return undefined;
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set: set all three, or none for a dry run`);
  return {
    githubToken: found.GITHUB_TOKEN ?? '',
    registryUser: found.QUAY_BOT_USER ?? '',
    registryPassword: found.QUAY_BOT_PASS ?? '',
  };
}
