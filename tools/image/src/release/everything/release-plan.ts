// What a release publishes, as steps: printed by a dry run, written as a script for who has the credentials. Pure.
import type { ImageReport } from '../../write-images.ts';

/** A step of publishing. */
export type PublishStep =
  | { readonly kind: 'push-image'; readonly image: string; readonly digest: string; readonly app: string }
  | { readonly kind: 'publish-library'; readonly name: string; readonly tarball: string }
  | { readonly kind: 'make-tag'; readonly tag: string; readonly commit: string }
  | {
      readonly kind: 'make-release';
      readonly tag: string;
      readonly isPre: boolean;
      readonly assets: readonly string[];
    };

/** What was built. */
export interface Built {
  readonly version: string;
  readonly commit: string;
  /** OWNER/NAME */
  readonly repository: string;
  readonly images: readonly Pick<ImageReport, 'name' | 'image' | 'digest'>[];
  readonly libraries: readonly { readonly name: string; readonly tarball: string }[];
  /** Files below assets/. */
  readonly assets: readonly string[];
}

/** The steps in their order: what others name comes before what names it. */
export function planPublishing({ version, commit, images, libraries, assets }: Built): readonly PublishStep[] {
  const tag = `v${version}`;
  return [
    ...images.map(({ name, image, digest }) => ({ kind: 'push-image', app: name, image, digest }) as const),
    ...libraries.map(({ name, tarball }) => ({ kind: 'publish-library', name, tarball }) as const),
    { kind: 'make-tag', tag, commit },
    { kind: 'make-release', tag, isPre: version.includes('-'), assets },
  ];
}

/** A step in words. */
export function describeStep(step: PublishStep): string {
  switch (step.kind) {
    case 'push-image':
      return `push ${step.image} ${step.digest}`;
    case 'publish-library':
      return `publish ${step.name} (${step.tarball}) with provenance`;
    case 'make-tag':
      return `make the tag ${step.tag} at ${step.commit}`;
    case 'make-release':
      return `make the ${step.isPre ? 'pre-release' : 'release'} ${step.tag} with ${step.assets.length} assets`;
  }
}

/** A shell script that does the steps from the folder of the release, with crane, npm, git and gh. */
export function publishScript(steps: readonly PublishStep[], { repository }: Pick<Built, 'repository'>): string {
  const lines = steps.flatMap((step) => [`echo '${describeStep(step)}'`, ...commandsOf(step, repository)]);
  return [
    '#!/bin/sh',
    '# Publishes what lies beside this script. Needs crane and npm that are logged in, git with the repository, and gh. May be started again:',
    '# what is there already stays. It ends at the first thing that is not as it was built: another digest, another commit of the tag.',
    'set -eu',
    'cd "$(dirname "$0")"',
    ...lines,
    '',
  ].join('\n');
}

function commandsOf(step: PublishStep, repository: string): readonly string[] {
  switch (step.kind) {
    case 'push-image':
      return [
        // Not there with --images: then somebody pushed it before, and only the digest is looked at.
        `if [ -e images/${step.app}.oci.tar ]; then`,
        `  mkdir -p layouts/${step.app} && tar -xf images/${step.app}.oci.tar -C layouts/${step.app}`,
        `  crane push layouts/${step.app} ${quoted(step.image)}`,
        'fi',
        `[ "$(crane digest ${quoted(step.image)})" = ${step.digest} ]`,
      ];
    case 'publish-library':
      return [
        `npm view ${quoted(`${step.name}@${versionIn(step.tarball)}`)} version >/dev/null 2>&1 || npm publish ${quoted(`libraries/${step.tarball}`)} --provenance --access public`,
      ];
    case 'make-tag':
      return [
        `git rev-parse -q --verify refs/tags/${step.tag} >/dev/null || git tag -a ${step.tag} -m ${step.tag} ${step.commit}`,
        `[ "$(git rev-parse ${step.tag}^{commit})" = ${step.commit} ]`,
        `git push origin ${step.tag}`,
      ];
    case 'make-release':
      return [
        `gh release view ${step.tag} --repo ${quoted(repository)} >/dev/null 2>&1 || gh release create ${step.tag} --repo ${quoted(repository)} --verify-tag --notes-file notes.md${step.isPre ? ' --prerelease' : ''} ${step.assets.map((name) => quoted(`assets/${name}`)).join(' ')}`,
      ];
  }
}

function versionIn(tarball: string): string {
  return /-(\d+\.\d+\.\d+(?:-[\w.]+)?)\.tgz$/.exec(tarball)?.[1] ?? '';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The file SHA256SUMS for `sha256sum --check`. */
export function checksumsFile(sums: ReadonlyMap<string, string>): string {
  return [...sums]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => `${sum}  ${name}\n`)
    .join('');
}
