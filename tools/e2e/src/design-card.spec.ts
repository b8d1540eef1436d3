// The repository's outline: what stands where, which libraries are declared and used, what each program brings.
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './test-results.ts';

const TOP_LEVEL = new Set([
  'packages', 'apps', 'tools', 'docs', 'nx.json', 'package.json', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.json',
  'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', 'eslint.config.mjs', 'jest.preset.mjs',
]); // prettier-ignore

// Rows for the programs that come later are added with them.
const APPS: readonly string[] = ['capi-packet-manager', 'cloudscale-ccm', 'csi-packet', 'do-ccm', 'packet-ccm'];
const LIBRARIES = ['@kubernetes/client-node', 'axios', 'nx', 'winston', 'jest', '@grpc/grpc-js'];

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');
const manifests = tracked.filter((file) => /(^|\/)package\.json$/.test(file));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}
const manifestOf = (file: string): Manifest => JSON.parse(read(file)) as Manifest;

describe('design card', () => {
  test('the top level holds the agreed names and dot files only', () => {
    const names = new Set(tracked.map((file) => file.split('/')[0] ?? file));
    expect([...names].filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name))).toEqual([]);
    for (const name of ['packages', 'apps', 'tools', 'nx.json', 'package.json', 'tsconfig.base.json', 'README.md']) {
      expect(names).toContain(name);
    }
  });

  test.each(LIBRARIES)('%s is declared', (library) => {
    const declaring = manifests.filter((file) => {
      const manifest = manifestOf(file);
      return { ...manifest.dependencies, ...manifest.devDependencies }[library] !== undefined;
    });
    expect(declaring).not.toEqual([]);
  });

  test.each([
    {
      library: '@kubernetes/client-node',
      use: /import\((?:\/\*.*?\*\/ )?'@kubernetes\/client-node'\)|from '@kubernetes\/client-node'/,
    },
    { library: 'axios', use: /^import axios.* from 'axios'/m },
    { library: 'winston', use: /(?:from|import\() ?'winston'/ },
    { library: '@grpc/grpc-js', use: /from '@grpc\/grpc-js'/ },
    { library: 'jest', use: /jest/ },
    { library: 'nx', use: /nx run-many/ },
  ])('$library is used', ({ use }) => {
    const files = tracked.filter(
      (file) => /\.(ts|mjs|json)$/.test(file) && !file.endsWith('package-lock.json') && !file.includes('design-card'),
    );
    expect(files.filter((file) => existsSync(path.join(root, file)) && use.test(read(file)))).not.toEqual([]);
  });

  test('the list of programs is complete', () => {
    expect(readdirSync(path.join(root, 'apps')).toSorted()).toEqual([...APPS].toSorted());
  });

  test.each(APPS)('%s stands on the shared libraries, has an image recipe and a README', (app) => {
    const folder = `apps/${app}`;
    const sources = tracked.filter(
      (file) => file.startsWith(`${folder}/src/`) && file.endsWith('.ts') && !file.endsWith('.spec.ts'),
    );
    const text = sources.map(read).join('\n');
    for (const library of ['@longshore/reconciler-core', '@longshore/k8s-runtime']) {
      expect(text).toContain(`'${library}`);
      expect(manifestOf(`${folder}/package.json`).dependencies).toHaveProperty([library]);
    }
    for (const file of ['Containerfile', 'README.md']) expect(tracked).toContain(`${folder}/${file}`);
  });

  test('do-ccm keeps the paths of its seed', () => {
    for (const folder of [
      'apps/do-ccm/releases/',
      'apps/do-ccm/examples/loadbalancers/',
      'apps/do-ccm/examples/nodes/',
    ]) {
      expect(tracked.some((file) => file.startsWith(folder))).toBe(true);
    }
  });

  test('each program README has a version table and says what changed since the seed', () => {
    for (const app of APPS) {
      const text = read(`apps/${app}/README.md`);
      expect(text).toMatch(/^## .*[Vv]ersion/m);
      expect(text).toContain('What changed since the seed');
    }
  });
});
