// The rules, each with an import that breaks it and one that does not.
import { describe, expect, test } from '@jest/globals';
import { checkBoundaries } from './check.ts';
import type { Project } from './check.ts';

function aProject(over: Partial<Project> & { readonly text?: string; readonly file?: string }): Project {
  const name = over.name ?? '@longshore/some-ccm';
  const folder = over.folder ?? 'apps/some-ccm';
  const files = over.files ?? new Map([[over.file ?? `${folder}/src/main.ts`, over.text ?? '']]);
  return { name, folder, layer: 'app', dependencies: [], devDependencies: [], ...over, files };
}

const core = aProject({ name: '@longshore/reconciler-core', folder: 'packages/reconciler-core', layer: 'core' });
const runtime = aProject({ name: '@longshore/k8s-runtime', folder: 'packages/k8s-runtime', layer: 'runtime' });
const simulators = aProject({
  name: '@longshore/cloud-simulators',
  folder: 'packages/cloud-simulators',
  layer: 'support',
});
const messagesFor = (project: Project): readonly string[] =>
  checkBoundaries([core, runtime, simulators, project], ['fast-check']).map((violation) => violation.message);

describe('checkBoundaries', () => {
  const all = [
    '@longshore/reconciler-core',
    '@longshore/k8s-runtime',
    '@longshore/cloud-simulators',
    'axios',
    'winston',
  ];
  test.each([
    { when: 'a declared lower layer', text: `import { x } from '@longshore/reconciler-core';`, expected: undefined },
    {
      when: 'a relative import out of the package',
      text: `import '../../other/src/x.ts';`,
      expected: /leaves the package/,
    },
    {
      when: 'a simulator statically',
      text: `import { x } from '@longshore/cloud-simulators';`,
      expected: /dynamically only/,
    },
    { when: 'a simulator dynamically', text: `await import('@longshore/cloud-simulators');`, expected: undefined },
    {
      when: 'a testing entry in a source',
      text: `import '@longshore/reconciler-core/testing';`,
      expected: /for tests only/,
    },
    { when: 'axios values', text: `import axios from 'axios';`, expected: /only packages\/cloud-http/ },
    { when: 'axios types', text: `import type { AxiosError } from 'axios';`, expected: undefined },
    { when: 'an undeclared library', text: `import 'left-pad';`, expected: /not declared/ },
    { when: 'a comment that looks like an import', text: `// import 'left-pad';`, expected: undefined },
  ])('$when', ({ text, expected }) => {
    const messages = messagesFor(aProject({ text, dependencies: all }));
    if (expected) expect(messages).toEqual([expect.stringMatching(expected)]);
    else expect(messages).toEqual([]);
  });

  test('an upper layer is refused', () => {
    const lower = aProject({
      name: '@longshore/x',
      folder: 'packages/x',
      layer: 'core',
      text: `import '@longshore/k8s-runtime';`,
      dependencies: all,
    });
    expect(messagesFor(lower)).toEqual([expect.stringMatching(/layer core may not import layer runtime/)]);
  });

  test('the CSI driver uses the process entry only', () => {
    const csi = { name: '@longshore/csi-packet', folder: 'apps/csi-packet', dependencies: all };
    expect(messagesFor(aProject({ ...csi, text: `import '@longshore/k8s-runtime';` }))).toEqual([
      expect.stringMatching(/process only/),
    ]);
    expect(messagesFor(aProject({ ...csi, text: `import '@longshore/k8s-runtime/process';` }))).toEqual([]);
  });

  test('specs may use the root dev dependencies', () => {
    expect(
      messagesFor(aProject({ file: 'apps/some-ccm/src/x.spec.ts', text: `import fc from 'fast-check';` })),
    ).toEqual([]);
  });

  test('a cycle of values is found, a cycle of types is not', () => {
    const cycle = (keyword: string): Project =>
      aProject({
        files: new Map([
          ['apps/some-ccm/src/a.ts', `import { b } from './b.ts';`],
          ['apps/some-ccm/src/b.ts', `${keyword} { a } from './a.ts';`],
        ]),
      });
    expect(messagesFor(cycle('import'))).toEqual([
      expect.stringMatching(/import cycle: .*a\.ts -> .*b\.ts -> .*a\.ts/),
    ]);
    expect(messagesFor(cycle('import type'))).toEqual([]);
  });
});
