// Kubernetes versions and patterns of them, as machine configurations and machines name them (`1.36.3`, `1.36.x`; without `v`). Pure.
const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/;
const PATTERN = /^\d+\.\d+\.x$/;

/** `x.y.z`, perhaps with a suffix like `-rc.0`. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** A version, or `x.y.x` for any patch level. */
export function isVersionPattern(text: string): boolean {
  return isVersion(text) || PATTERN.test(text);
}

/** Whether a pattern of a configuration covers the version. */
export function matchesVersion(pattern: string, version: string): boolean {
  if (pattern === version) return true;
  return PATTERN.test(pattern) && isVersion(version) && version.startsWith(pattern.slice(0, -1));
}

/** The minor of a `1.y.z` version; `undefined` when it is none. */
export function minorOf(version: string): number | undefined {
  const match = VERSION.exec(version);
  return match === null || match[1] !== '1' ? undefined : Number(match[2]);
}

/** How far two versions are apart, for sorting; a pattern counts as patch level 0. */
export function versionDistance(a: string, b: string): number {
  const [left, right] = [weightOf(a), weightOf(b)];
  return Math.abs(left - right);
}

function weightOf(text: string): number {
  const [major = 0, minor = 0, patch = 0] = text.split(/[.-]/).map((part) => Number(part) || 0);
  return major * 1_000_000 + minor * 1000 + patch;
}
