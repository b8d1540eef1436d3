import { describe, expect, test } from '@jest/globals';
import { goBuildArgs, goEnv, isWorthRetry } from './go-build-plan.ts';

describe('goBuildArgs', () => {
  test('kube-apiserver gets its version at link time and changes no file of the module', () => {
    const args = goBuildArgs({ name: 'kube-apiserver', version: '1.36.3', output: '/o' });
    expect(args.slice(0, 4)).toEqual(['build', '-mod=readonly', '-trimpath', '-buildvcs=false']);
    expect(args).toContain('k8s.io/kubernetes/cmd/kube-apiserver');
    const linker = args[args.indexOf('-ldflags') + 1];
    expect(linker).toContain('-X k8s.io/component-base/version.gitVersion=v1.36.3');
    expect(linker).toContain('-X k8s.io/component-base/version.gitMinor=36');
  });

  test('a CSI program gets its version where it looks for it', () => {
    expect(goBuildArgs({ name: 'csi-sanity', version: '5.4.0', output: '/o' }).slice(4)).toEqual([
      '-ldflags',
      '-s -w -X main.version=v5.4.0 -X main.VERSION=v5.4.0',
      '-o',
      '/o',
      'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity',
    ]);
  });
});

describe('goEnv', () => {
  test('what would build for another machine, or change go.sum, is taken out; proxies stay', () => {
    const env = { GOOS: 'windows', GOARCH: 'arm', GOFLAGS: '-mod=mod', GOPROXY: 'p', PATH: '/bin', CGO_ENABLED: '1' };
    expect(goEnv(env)).toEqual({ GOPROXY: 'p', PATH: '/bin', CGO_ENABLED: '0', GO111MODULE: 'on', GOWORK: 'off' });
  });
});

describe('isWorthRetry', () => {
  test.each([
    { stderr: 'dial tcp 10.0.0.1:443: i/o timeout', retry: true },
    { stderr: 'reading https://proxy/x.zip: 502 Bad Gateway', retry: true },
    { stderr: 'net/http: TLS handshake timeout', retry: true },
    { stderr: 'unexpected EOF', retry: true },
    { stderr: 'stream error: stream ID 5; INTERNAL_ERROR', retry: true },
    { stderr: 'missing go.sum entry for module', retry: false },
    { stderr: 'no space left on device', retry: false },
    { stderr: './x.go:502: undefined: y', retry: false },
  ])('$stderr: $retry', ({ stderr, retry }) => {
    expect(isWorthRetry(stderr)).toBe(retry);
  });
});
