// Pages that tell readers which file or image to take: a release makes them name its own. What they say of the past (version tables, the Go
// programs' addresses) stays. Pure.
import { imageApps } from '../../app-names.ts';
import { taggedImage } from './app-manifests.ts';

const VERSION = String.raw`\d+\.\d+\.\d+(?:-rc\.\d+)?`;
const MANIFEST = new RegExp(`\\bv${VERSION}(?=(?:-without-cert-manager)?\\.ya?ml\\b)`, 'g');
const BASE = new RegExp(`\\?ref=v${VERSION}`, 'g');
const BUILT_IMAGE = new RegExp(`( -t )longshore/(${imageApps.join('|')}):v?${VERSION}`, 'g');

/** The pages, of those that there are below the root: `guides` are the names of the files in docs/guides. */
export function versionedPages(guides: readonly string[]): readonly string[] {
  return [
    ...imageApps.flatMap((app) =>
      ['README.md', 'releases/README.md', 'Containerfile'].map((page) => `apps/${app}/${page}`),
    ),
    ...guides.filter((name) => name.endsWith('.md')).map((name) => `docs/guides/${name}`),
  ];
}

/** A page that names the manifests, bases and images of a version. */
export function renderPage(text: string, version: string): string {
  const renderLine = (line: string): string =>
    // An address of somebody else's repository has versions of its own.
    /https?:\/\//.test(line)
      ? line
      : line
          .replace(MANIFEST, `v${version}`)
          .replace(BASE, `?ref=v${version}`)
          .replace(BUILT_IMAGE, (all, before: string, name: string) => {
            const app = imageApps.find((one) => one === name);
            return app ? `${before}${taggedImage(app, version)}` : all;
          });
  return text.split('\n').map(renderLine).join('\n');
}
