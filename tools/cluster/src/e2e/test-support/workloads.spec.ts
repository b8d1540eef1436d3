import { describe, expect, test } from '@jest/globals';
import { PROVIDERS } from './providers.ts';
import type { Cloud } from './providers.ts';
import { goManifestOf, manifestOf, objectsOf, secondReplica, workloadOf } from './workloads.ts';

const cloud: Cloud = {
  ...{ url: 'http://cloud.test', token: 't', projectId: 'p', providerId: 'x://1', schemaProblems: [] },
  close: async () => {},
};

describe.each(PROVIDERS)('$app', (provider) => {
  test('is applied as its manifest has it, but for variables with the address of the cloud', () => {
    const [before, after] = [objectsOf(provider.manifest), manifestOf(provider, cloud)];
    const without = (objects: readonly object[]): string =>
      JSON.stringify(objects, (key, value: unknown) => (key === 'env' ? undefined : value));
    expect(without(after)).toBe(without(before));
    const names = provider.env(cloud).map(({ name }) => name);
    expect(names.every((name) => /URL$|^REGION$/.test(name))).toBe(true);
  });

  test('has a second replica that differs in name, labels and port only', () => {
    const first = JSON.stringify(workloadOf(objectsOf(provider.manifest)));
    const second = JSON.stringify(secondReplica(objectsOf(provider.manifest)));
    expect(second).toContain('--secure-port=10259');
    expect(second).toContain('"containerPort":10259');
    expect(second).not.toBe(first);
    expect(second).toContain('"readOnlyRootFilesystem":true');
  });

  test("is started by the Go program's manifest under its name", () => {
    const workload = JSON.stringify(workloadOf(goManifestOf(provider, cloud, 'our/image:1')));
    expect(workload).toContain('"image":"our/image:1"');
    expect(workload).toContain(JSON.stringify(provider.go.command));
  });
});
