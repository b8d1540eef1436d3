import { describe, expect, test } from '@jest/globals';
import { minorInVersionOutput, missingBinaryMessage, planSources, platformOf } from './source-plan.ts';
import type { Source, SourceFacts } from './source-plan.ts';

const CACHE = '/c/control-plane';

const facts = (overrides: Partial<SourceFacts> = {}): SourceFacts => ({
  name: 'kube-apiserver',
  minor: undefined,
  settings: { cacheFolder: CACHE },
  platform: { os: 'linux', arch: 'amd64' },
  goModules: '/src/tools/go',
  goVersion: 'go1.26.8',
  ...overrides,
});

const kinds = (sources: readonly Source[]): readonly string[] => sources.map(({ kind }) => kind);

describe('planSources', () => {
  test('the order: assets, cache, archive, build', () => {
    const settings = {
      cacheFolder: CACHE,
      assetsFolder: '/a',
      envtestUrl: 'https://h/envtest-v{version}-{os}-{arch}.tar.gz',
    };
    expect(planSources(facts({ settings })).sources).toEqual([
      { kind: 'assets', path: '/a/kube-apiserver', mustBeMinor: undefined },
      { kind: 'cache', path: `${CACHE}/kubernetes-v1.36.3-linux-amd64-go1.26.8/kube-apiserver` },
      { kind: 'cache', path: `${CACHE}/kubernetes-v1.36.3-linux-amd64-envtest/kube-apiserver` },
      {
        kind: 'envtest',
        url: 'https://h/envtest-v1.36.3-linux-amd64.tar.gz',
        folder: `${CACHE}/kubernetes-v1.36.3-linux-amd64-envtest`,
      },
      {
        kind: 'go-build',
        module: '/src/tools/go/kubernetes-1.36',
        path: `${CACHE}/kubernetes-v1.36.3-linux-amd64-go1.26.8/kube-apiserver`,
        version: '1.36.3',
      },
    ]);
  });

  const everything = { cacheFolder: CACHE, assetsFolder: '/a', envtestUrl: 'u' };
  test.each<{ when: string; change: Partial<SourceFacts>; kinds: readonly string[] }>([
    { when: 'nothing is set', change: {}, kinds: ['cache', 'cache', 'go-build'] },
    {
      when: 'only assets are set',
      change: { settings: { cacheFolder: CACHE, assetsFolder: '/a' } },
      kinds: ['assets', 'cache', 'cache', 'go-build'],
    },
    { when: 'Go is missing', change: { goVersion: undefined }, kinds: ['any-cached-build', 'cache'] },
    {
      when: 'the package was installed',
      change: { goModules: undefined, goVersion: undefined },
      kinds: ['any-cached-build', 'cache'],
    },
    {
      when: 'the archive lacks it',
      change: { name: 'kube-scheduler', settings: everything },
      kinds: ['assets', 'cache', 'go-build'],
    },
  ])('when $when: $kinds', ({ change, kinds: wanted }) => {
    expect(kinds(planSources(facts(change)).sources)).toEqual(wanted);
  });

  test.each<{ minor: SourceFacts['minor']; name: SourceFacts['name']; mustBeMinor: unknown }>([
    { minor: undefined, name: 'kube-apiserver', mustBeMinor: undefined },
    { minor: '1.35', name: 'kube-apiserver', mustBeMinor: '1.35' },
    { minor: '1.35', name: 'etcd', mustBeMinor: undefined },
  ])('assets for $name with minor $minor must be $mustBeMinor', ({ minor, name, mustBeMinor }) => {
    const settings = { cacheFolder: CACHE, assetsFolder: '/a' };
    expect(planSources(facts({ minor, name, settings })).sources[0]).toMatchObject({ kind: 'assets', mustBeMinor });
  });

  test('etcd is one for all minors, but its archive goes by the Kubernetes version', () => {
    const settings = { cacheFolder: CACHE, envtestUrl: '{version}' };
    const { sources } = planSources(facts({ name: 'etcd', minor: '1.34', settings }));
    expect(sources).toContainEqual({
      kind: 'envtest',
      url: '1.34.4',
      folder: `${CACHE}/kubernetes-v1.34.4-linux-amd64-envtest`,
    });
    expect(sources).toContainEqual(
      expect.objectContaining({ kind: 'go-build', module: '/src/tools/go/etcd', version: '3.6.6' }),
    );
  });

  test('what is left out is said, with its reason', () => {
    const { leftOut } = planSources(facts({ goModules: undefined, goVersion: undefined }));
    expect(leftOut).toEqual([
      'KUBEBUILDER_ASSETS is not set',
      'LONGSHORE_ENVTEST_URL is not set',
      expect.stringContaining('no Go modules beside the installed package'),
    ]);
    expect(planSources(facts({ goVersion: undefined })).leftOut).toContain('the command "go" was not found');
  });
});

describe('words around it', () => {
  test('the message names the three ways to supply a binary', () => {
    const message = missingBinaryMessage('etcd 3.6.6', ['KUBEBUILDER_ASSETS is not set']);
    expect(message).toMatch(/^etcd 3\.6\.6 could not be had \(KUBEBUILDER_ASSETS is not set\)/);
    for (const way of ['KUBEBUILDER_ASSETS to', 'LONGSHORE_ENVTEST_URL to', 'install Go'])
      expect(message).toContain(way);
  });

  test.each([
    { output: 'Kubernetes v1.36.3\n', minor: '1.36' },
    { output: 'Kubernetes v1.9.0-alpha.1', minor: '1.9' },
    { output: 'nonsense', minor: undefined },
  ])('$output is minor $minor', ({ output, minor }) => {
    expect(minorInVersionOutput(output)).toBe(minor);
  });

  test.each([
    { node: ['linux', 'x64'], go: { os: 'linux', arch: 'amd64' } },
    { node: ['linux', 'arm64'], go: { os: 'linux', arch: 'arm64' } },
    { node: ['darwin', 'arm64'], go: { os: 'darwin', arch: 'arm64' } },
  ])('$node is $go', ({ node: [os = '', arch = ''], go }) => {
    expect(platformOf(os, arch)).toEqual(go);
  });
});
