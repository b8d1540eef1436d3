// The change log in a release: what was collected under "Unreleased" becomes the section of the version. Plain JavaScript, because Nx loads
// it (nx-version-actions.mjs). Pure.

const UNRELEASED = /^## (?:Unreleased|\S+ \(unreleased\))$/im;

/** The change log with the section of a version; once more for the same version changes nothing. */
export function releasedChangeLog(text, version, date) {
  if (sectionOf(text, version) !== undefined) return text;
  if (!UNRELEASED.test(text)) throw new Error('CHANGELOG.md has no section "## Unreleased": say there what is new');
  return text.replace(UNRELEASED, `## Unreleased\n\n## ${version} (${date})`);
}

/** What the change log says of a version; `undefined` when it has no such section. */
export function sectionOf(text, version) {
  const heading = new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d[^\n]*\n([^]*?)(?=^## |$(?![^]))`, 'm');
  return heading.exec(text)?.[1]?.trim();
}
