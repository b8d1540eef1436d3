// What has to be right before a release is published: afterwards nobody can say what was in it. Pure.

/** What git and the change log say. */
export interface WorkingCopy {
  /** Files that differ from the commit. */
  readonly changed: readonly string[];
  readonly head: string;
  /** The commit of the version's tag; absent when there is none yet. */
  readonly tagged: string | undefined;
  readonly hasChangeLog: boolean;
}

/** Why this version must not be published from here, each in a sentence. */
export function publishProblems(
  version: string,
  { changed, head, tagged, hasChangeLog }: WorkingCopy,
): readonly string[] {
  const prepare = `npx nx release ${version} --skip-publish`;
  return [
    ...(changed.length > 0 ? [`${changed.length} files are not committed, such as ${changed[0]}: commit them`] : []),
    ...(tagged !== undefined && tagged !== head
      ? [`the tag v${version} is on another commit (${tagged.slice(0, 8)}): check that one out`]
      : []),
    ...(hasChangeLog ? [] : [`CHANGELOG.md has no section for ${version}: ${prepare}`]),
  ];
}
