// The package.json of a published library: that of the tree, with the version, where it comes from, and how it is published; without what
// only this repository needs. Provenance asks that `repository` is where it was built. Pure.

/** A package.json. */
export type Manifest = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };

const OWN = '@longshore/';
const SOURCE_CONDITION = '@longshore/source';
/** Of no use to users, and `files` leaves out what they point to. */
const LEFT_OUT = new Set(['scripts', 'devDependencies', 'nx', 'private']);

/** The published form. `folder` is the library's place in the repository. */
export function publishedManifest(
  manifest: Manifest,
  { version, repository, folder }: { readonly version: string; readonly repository: string; readonly folder: string },
): Manifest {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([key]) => !LEFT_OUT.has(key)));
  return {
    ...kept,
    name: manifest.name,
    version,
    repository: { type: 'git', url: `git+https://github.com/${repository}.git`, directory: folder },
    homepage: `https://github.com/${repository}/tree/v${version}/${folder}#readme`,
    bugs: { url: `https://github.com/${repository}/issues` },
    publishConfig: { access: 'public', provenance: true },
    exports: withoutSources(manifest['exports']),
    dependencies: withVersion(manifest['dependencies'], version),
  };
}

function withoutSources(entries: unknown): unknown {
  return Object.fromEntries(
    Object.entries((entries ?? {}) as Record<string, unknown>).map(([entry, targets]) => [
      entry,
      withoutSource(targets),
    ]),
  );
}

function withoutSource(targets: unknown): unknown {
  if (typeof targets !== 'object' || targets === null) return targets;
  return Object.fromEntries(Object.entries(targets).filter(([condition]) => condition !== SOURCE_CONDITION));
}

function withVersion(dependencies: unknown, version: string): unknown {
  return Object.fromEntries(
    Object.entries((dependencies ?? {}) as Record<string, string>).map(([name, wanted]) => [
      name,
      name.startsWith(OWN) ? version : wanted,
    ]),
  );
}
