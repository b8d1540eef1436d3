import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { CATALOGUE } from './binaries/catalogue.ts';
import { KUBERNETES_VERSIONS, OTHER_VERSIONS, MINORS, parseMinor } from './versions.ts';

const read = (path: string): string => readFileSync(new URL(`../../../tools/go/${path}`, import.meta.url), 'utf8');

describe('versions and the Go modules', () => {
  test.each(MINORS.map((minor) => ({ minor, version: KUBERNETES_VERSIONS[minor] })))(
    '$minor builds $version',
    ({ minor, version }) => {
      const module = read(`kubernetes-${minor}/go.mod`);
      expect(module).toContain(`k8s.io/kubernetes v${version}\n`);
      const staging = [...module.matchAll(/^\t\S+ => \S+ (v\S+)$/gm)].map((match) => match[1]);
      expect(new Set(staging)).toEqual(new Set([`v0.${version.replace(/^1\./, '')}`]));
    },
  );

  test.each(Object.entries(OTHER_VERSIONS))('%s builds %s', (name, version) => {
    const { goPackage, moduleFolder } = CATALOGUE[name as keyof typeof OTHER_VERSIONS];
    const module = goPackage.replace(/\/cmd\/.*/, '');
    expect(read(`${moduleFolder}/go.mod`)).toMatch(new RegExp(`^(\\t|require )${module} v${version}$`, 'm'));
    expect(read(`${moduleFolder}/tools.go`)).toContain(`_ "${goPackage}"`);
  });

  test.each(MINORS)('the module of %s covers every Kubernetes program in its go.sum', (minor) => {
    const tools = read(`kubernetes-${minor}/tools.go`);
    const programs = Object.values(CATALOGUE).filter(({ family }) => family === 'kubernetes');
    for (const { goPackage } of programs) expect(tools).toContain(`_ "${goPackage}"`);
  });
});

test.each([
  { text: '1.36', minor: '1.36' },
  { text: '1.36.3', minor: undefined },
  { text: '1.2', minor: undefined },
  { text: 'constructor', minor: undefined },
])('parseMinor $text: $minor', ({ text, minor }) => {
  expect(parseMinor(text)).toBe(minor);
});
