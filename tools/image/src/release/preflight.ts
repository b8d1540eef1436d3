// May this commit be released under this version? Pure: what the hosting service and the registry say comes in, problems go out.
import { formatVersion } from './version.ts';
import type { Version } from './version.ts';

/** A run of the tests. */
export interface TestRun {
  readonly id: number;
  readonly url: string;
  /** Absent while it runs. */
  readonly conclusion: string | undefined;
  readonly hasImage: boolean;
}

/** A release that there is. */
export interface ExistingRelease {
  readonly tag: string;
  readonly commit: string;
  readonly isPre: boolean;
}

/** What was found out. */
export interface PreflightFacts {
  readonly version: Version;
  readonly commit: string;
  readonly isOnMain: boolean;
  readonly releases: readonly ExistingRelease[];
  readonly imageTags: readonly string[];
  readonly run: TestRun | undefined;
  /** Why the registry lets nobody in. */
  readonly registryProblem: string | undefined;
}

/** A reason not to release. */
export interface PreflightProblem {
  /** Whether --force cannot overrule it. */
  readonly isFatal: boolean;
  readonly message: string;
}

/** All reasons, those that can be overruled first. */
export function checkPreflight(facts: PreflightFacts): readonly PreflightProblem[] {
  const problems = [...takenProblems(facts), ...runProblems(facts), ...fatalProblems(facts)];
  return [...problems.filter(({ isFatal }) => !isFatal), ...problems.filter(({ isFatal }) => isFatal)];
}

/** Whether the tag `latest` of the image and the mark of the hosting service go to this release. */
export function isNewest(
  version: Version,
  releases: readonly Version[],
  compare: (a: Version, b: Version) => number,
): boolean {
  if (version.candidate !== undefined) return false;
  return releases.every((other) => other.candidate !== undefined || compare(other, version) <= 0);
}

function takenProblems({ version, commit, releases, imageTags }: PreflightFacts): readonly PreflightProblem[] {
  const name = formatVersion(version);
  const problems: string[] = [];
  if (releases.some(({ tag }) => tag === name)) problems.push(`${name} already exists as a release`);
  if (imageTags.includes(name)) problems.push(`${name} already exists as an image`);
  if (releases.some((release) => release.commit === commit)) problems.push(`${commit} already has a release`);
  return problems.map((message) => ({ isFatal: false, message }));
}

function runProblems({ commit, run }: PreflightFacts): readonly PreflightProblem[] {
  if (!run) return [{ isFatal: true, message: `there is no run of the tests for ${commit}` }];
  if (run.conclusion === undefined) return [{ isFatal: false, message: `${run.url} has not ended yet` }];
  if (run.conclusion === 'success') return [];
  return [{ isFatal: false, message: `${run.url} was no success: ${run.conclusion}` }];
}

function fatalProblems({
  version,
  commit,
  isOnMain,
  run,
  registryProblem,
}: PreflightFacts): readonly PreflightProblem[] {
  const problems: string[] = [];
  if (run && !run.hasImage) problems.push(`${run.url} has no artifact tested-image`);
  if (registryProblem) problems.push(`the registry cannot be used: ${registryProblem}`);
  if (version.candidate === undefined && !isOnMain) problems.push(`${commit} is not part of the main branch`);
  return problems.map((message) => ({ isFatal: true, message }));
}
