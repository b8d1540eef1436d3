// What a release consists of beside the image: the manifest with its version, and the notes. Pure.
import { OperatorError, never } from '@longshore/reconciler-core';

/** What is written into the documents. */
export interface ReleaseFacts {
  /** Without v. */
  readonly version: string;
  /** `https://…/OWNER/NAME`. */
  readonly repositoryUrl: string;
  /** Registry and repository of the image. */
  readonly image: string;
  /** Of the tested image. */
  readonly digest: string;
  readonly commit: string;
}

const LATEST = /^(\s*(?:- )?image: )\S+:latest$/gm;

/** The manifest of a release: the image with tag `latest` becomes the tested one. Throws when the manifest has none. */
export function renderConfig(
  manifest: string,
  { version, image, digest }: Pick<ReleaseFacts, 'version' | 'image'> & Partial<Pick<ReleaseFacts, 'digest'>>,
): string {
  if (!manifest.match(LATEST)) {
    const message = 'deploy/latest.yml names no image with the tag latest: a release would install something else';
    throw new OperatorError('RELEASE_SETTINGS_INVALID', message, never);
  }
  return manifest
    .replace(LATEST, `$1${image}:${version}${digest ? `@${digest}` : ''}`)
    .replace(/^# kubectl apply -f .*$/m, `# Version ${version}. kubectl apply -f config.yml`);
}

/** The notes of a release. */
export function renderNotes({ version, repositoryUrl, image, digest, commit }: ReleaseFacts): string {
  return `## Configuration

This release can be installed with the following command:

\`\`\`
kubectl apply -f ${repositoryUrl}/releases/download/${version}/config.yml
\`\`\`

Please refer to the [README](${repositoryUrl}/blob/${version}/apps/cloudscale-ccm/README.md) for detailed instructions.

## Image

\`${image}:${version}\`, the very image that was tested: \`${digest}\`, made from ${commit}.
`;
}
