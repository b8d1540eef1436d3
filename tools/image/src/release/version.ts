// Versions of releases (semantic versioning without build data; tags carry no v) and which one comes next. Pure.

/** Which part of a version grows. */
export type Increment = 'major' | 'minor' | 'patch';

/** All increments. */
export const INCREMENTS: readonly Increment[] = ['major', 'minor', 'patch'];

/** A version such as 1.4.0 or 1.4.0-rc.2. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** The number behind `-rc.`; absent for a real release. */
  readonly candidate?: number;
}

/** Parses a version; undefined for anything else, a leading v included. */
export function parseVersion(text: string): Version | undefined {
  const match = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-rc\.([1-9]\d*))?$/.exec(text);
  if (!match) return undefined;
  const [major = 0, minor = 0, patch = 0] = match.slice(1, 4).map(Number);
  return match[4] === undefined ? { major, minor, patch } : { major, minor, patch, candidate: Number(match[4]) };
}

/** As tags, images and manifests have it. */
export function formatVersion({ major, minor, patch, candidate }: Version): string {
  return `${major}.${minor}.${patch}${candidate === undefined ? '' : `-rc.${candidate}`}`;
}

/** Negative when `a` is older. A candidate is older than its release. */
export function compareVersions(a: Version, b: Version): number {
  const last = (version: Version): number => version.candidate ?? Infinity;
  const parts = [a.major - b.major, a.minor - b.minor, a.patch - b.patch];
  return parts.find((difference) => difference !== 0) ?? (last(a) === last(b) ? 0 : last(a) - last(b));
}

/** The newest of some versions. */
export function newestOf(versions: readonly Version[]): Version | undefined {
  return [...versions].sort(compareVersions).at(-1);
}

/** What comes after `old`: the next candidate, the release of a candidate, or one more of the part (with a first candidate). */
export function nextVersion(old: Version, increment: Increment, isPre: boolean): Version {
  if (old.candidate !== undefined) {
    const { candidate, ...release } = old;
    return isPre ? { ...release, candidate: candidate + 1 } : release;
  }
  const grown = grow(old, increment);
  return isPre ? { ...grown, candidate: 1 } : grown;
}

function grow({ major, minor, patch }: Version, increment: Increment): Version {
  if (increment === 'major') return { major: major + 1, minor: 0, patch: 0 };
  if (increment === 'minor') return { major, minor: minor + 1, patch: 0 };
  return { major, minor, patch: patch + 1 };
}
