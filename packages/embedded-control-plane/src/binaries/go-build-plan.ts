// The `go build` call for a binary: arguments and environment. Pure; go-build.ts runs it.
import { CATALOGUE } from './catalogue.ts';
import type { BinaryName } from './catalogue.ts';

/** What is built, and where to. */
export interface GoBuild {
  readonly name: BinaryName;
  readonly version: string;
  readonly output: string;
}

/** Arguments of `go`. The module's go.mod and go.sum are never changed. */
export function goBuildArgs({ name, version, output }: GoBuild): readonly string[] {
  const { goPackage } = CATALOGUE[name];
  return [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    linkerFlags(name, version),
    '-o',
    output,
    goPackage,
  ];
}

// Without a version, feature gates and `kubectl version` take the binary for v0.0.0.
function linkerFlags(name: BinaryName, version: string): string {
  const { family } = CATALOGUE[name];
  // The sidecars have `version`, csi-sanity has `VERSION`; etcd has neither, which the linker does not mind.
  if (family !== 'kubernetes') return `-s -w -X main.version=v${version} -X main.VERSION=v${version}`;
  const [major, minor] = version.split('.');
  const values = [`gitVersion=v${version}`, `gitMajor=${major}`, `gitMinor=${minor}`, 'gitTreeState=clean'];
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return ['-s -w', ...packages.flatMap((path) => values.map((value) => `-X ${path}.${value}`))].join(' ');
}

/** The environment of `go`: the user's (proxies, caches), without what would build something else. */
export function goEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOFLAGS: _flags, ...rest } = env;
  return { ...rest, CGO_ENABLED: '0', GO111MODULE: 'on', GOWORK: 'off' };
}

/** True when a failed build may succeed as it is: the network or the proxy, not the code. */
export function isWorthRetry(stderr: string): boolean {
  const patterns = [
    /dial tcp|i\/o timeout|TLS handshake|connection re(set|fused)|unexpected EOF|no such host|broken pipe/i,
    /\b(429|500|502|503|504)\b.*(Too Many|Server Error|Gateway|Unavailable)/i,
    /stream error|http2:|context deadline exceeded/i,
  ];
  return patterns.some((pattern) => pattern.test(stderr));
}
