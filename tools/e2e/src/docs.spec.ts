// Documents that name files must name files that exist; lists that mirror the code must be complete.
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { codesInUse, codesListed } from './error-codes.ts';
import { root } from './test-results.ts';

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = tracked.filter((file) => file.endsWith('.md') && existsSync(path.join(root, file)));

describe('documents', () => {
  test.each(documents)('%s links to files that exist', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    const missing = links.filter((link) => !existsSync(path.join(root, path.dirname(document), link)));
    expect(missing).toEqual([]);
  });

  test('every function that the hop table of docs/architecture.md names exists in the file that it links', () => {
    const text = read('docs/architecture.md');
    const table = text.slice(text.indexOf('## Two events, hop by hop'));
    const hops = [...table.matchAll(/\[`([\w.]+)`\]\(\.\.\/([^)]+)\)/g)].map((match) => ({
      name: match[1] ?? '',
      file: match[2] ?? '',
    }));
    expect(hops.length).toBeGreaterThanOrEqual(12);
    const absent = hops.filter(({ name, file }) => !read(file).includes(name.split('.').at(-1) ?? name));
    expect(absent).toEqual([]);
  });

  test('docs/errors.md lists exactly the error codes of the code', () => {
    const sources = tracked.filter(
      (file) =>
        /^(packages|apps)\/[^/]+\/src\/.*\.ts$/.test(file) &&
        !/\.spec\.ts$|\/(testing|test-support|fake)\b/.test(file) &&
        existsSync(path.join(root, file)),
    );
    const { codes, stale, computed } = codesInUse(new Map(sources.map((file) => [file, read(file)])));
    expect(codesListed(read('docs/errors.md')).toSorted()).toEqual(codes);
    // Their callers write the code as quoted text: pure planners that make no errors themselves, and clusterctl's `failure('CTL_…')`.
    expect(computed.toSorted()).toEqual([
      'apps/capi-packet-manager/src/clusterctl/problem.ts: code',
      'apps/capi-packet-manager/src/machinedeployment/machine-deployment-controller.ts: plan.problem.code',
      'apps/capi-packet-manager/src/machineset/machine-set-controller.ts: plan.problem.code',
    ]);
    expect(stale).toEqual([]);
  });
});
