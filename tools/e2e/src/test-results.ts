// Reads the result files that the suites leave in test-results/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One executed test. */
export interface ExecutedTest {
  readonly title: string;
  /** Path of the spec file from the repository's root. */
  readonly file: string;
}

interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The repository's root. */
export const root = path.resolve(import.meta.dirname, '../../..');

/** All tests that passed in the newest run of each suite. */
export function passedTests(): readonly ExecutedTest[] {
  return testsThat('passed');
}

/** All tests that the newest run of each suite skipped. */
export function skippedTests(): readonly ExecutedTest[] {
  return testsThat('pending');
}

function testsThat(status: 'passed' | 'pending'): readonly ExecutedTest[] {
  return resultFiles().flatMap((file) => {
    const results = JSON.parse(readFileSync(file, 'utf8')) as JestResults;
    return results.testResults.flatMap((spec) =>
      spec.assertionResults
        .filter((assertion) => assertion.status === status)
        .map((assertion) => ({ title: assertion.fullName, file: relativeTo(spec.name) })),
    );
  });
}

// A cached result may come from another checkout of the same sources: only the part from packages/, apps/ or tools/ counts.
function relativeTo(file: string): string {
  const normal = file.replaceAll(path.sep, '/');
  return /(?:packages|apps|tools)\/[^/]+\/src\/.*$/.exec(normal)?.[0] ?? normal;
}

function resultFiles(): readonly string[] {
  return ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(path.join(root, group)).flatMap((project) =>
      ['unit.json', 'int.json']
        .map((name) => path.join(root, group, project, 'test-results', name))
        .filter((file) => existsSync(file)),
    ),
  );
}
