// Which clusters the tests of a release run in: the newest patch of the three newest minors, each with a network and names of its own, so
// that they could run side by side. Pure.

/** A cluster of the matrix, as helpers/run-in-test-cluster takes it from the environment. */
export interface MatrixEntry {
  readonly kubernetes: string;
  readonly subnet: string;
  readonly cluster_prefix: string;
}

const MINORS_TESTED = 3;

/** The matrix for the versions that there are, newest minor first. */
export function testMatrix(versions: readonly string[]): readonly MatrixEntry[] {
  const newest = new Map<string, string>();
  for (const version of [...versions].sort(byVersion)) newest.set(version.split('.').slice(0, 2).join('.'), version);
  const chosen = [...newest.values()].sort(byVersion).toReversed().slice(0, MINORS_TESTED);
  return chosen.map((kubernetes, index) => ({
    kubernetes,
    subnet: `10.100.${index + 1}.0/24`,
    cluster_prefix: `k8test-matrix-${index + 1}`,
  }));
}

function byVersion(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  return [0, 1, 2].map((index) => (x?.[index] ?? 0) - (y?.[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
