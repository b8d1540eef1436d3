// The command against files in memory; as users start it: generate-yaml.int.spec.ts.
import { describe, expect, test } from '@jest/globals';
import { generateFiles } from './generate.ts';
import type { GenerateIo, GenerateOptions, GenerateResult } from './generate.ts';

interface World {
  readonly files: Map<string, string>;
  readonly lines: string[];
  generate(options?: Partial<GenerateOptions>, env?: Readonly<Record<string, string>>): Promise<GenerateResult>;
}

function aWorld(existing: Readonly<Record<string, string>> = {}): World {
  const files = new Map(Object.entries(existing));
  const lines: string[] = [];
  const io = (env: Readonly<Record<string, string>>): GenerateIo => ({
    env: { PACKET_PROJECT_ID: 'p-1', PACKET_API_KEY: 'k-1', ...env },
    readFile: (file) => Promise.resolve(files.has(file) ? Buffer.from(files.get(file) ?? '') : undefined),
    writeFile: (file, text) => Promise.resolve(void files.set(file, text)),
    print: (line) => void lines.push(line),
    randomInt: () => 0,
  });
  const generate: World['generate'] = (options, env = {}) =>
    generateFiles({ output: 'out', force: false, ...options }, io(env));
  return { files, lines, generate };
}

describe('generateFiles', () => {
  test('writes four files and names the cluster in its last line', async () => {
    const world = aWorld();
    expect(await world.generate()).toMatchObject({ clusterName: 'test1-aaaaa' });
    expect([...world.files.keys()]).toEqual([
      'out/cluster.yaml',
      'out/machines.yaml',
      'out/provider-components.yaml',
      'out/addons.yaml',
    ]);
    expect(world.lines.at(-1)).toBe("Your cluster name is 'test1-aaaaa'");
  });

  test('CA row P20 (all at once): every problem is named and no file is written', async () => {
    const world = aWorld();
    const { problems } = await world.generate({}, { PACKET_API_KEY: '', PACKET_PROJECT_ID: '', CLUSTER_NAME: 'A' });
    expect(problems).toHaveLength(3);
    expect(world.files.size).toBe(0);
  });

  test.each(['cluster.yaml', 'machines.yaml', 'provider-components.yaml', 'addons.yaml'])(
    'CA row P22 (each file): %s alone is reason enough to write nothing without force',
    async (name) => {
      const world = aWorld({ [`out/${name}`]: 'mine' });
      expect((await world.generate()).problems?.[0]).toContain(`out has ${name} already`);
      expect([...world.files]).toEqual([[`out/${name}`, 'mine']]);
      expect((await world.generate({ force: true })).problems).toBeUndefined();
      expect(world.files.get(`out/${name}`)).not.toBe('mine');
    },
  );

  test('a changed machine configuration is what the ConfigMap holds', async () => {
    const entries = [`{ kubelet: '1.35.4', controlPlane: '1.35.4' }`, `{ kubelet: '1.35.4' }`].map(
      (versions) => `  - image: ubuntu_24_04\n    containerRuntime: c\n    versions: ${versions}\n`,
    );
    const text = `items:\n- userdata: echo mine\n  machineParams:\n${entries.join('')}`;
    const world = aWorld({ 'my.yaml': text });
    await world.generate({ machineConfigs: 'my.yaml' });
    expect(world.files.get('out/provider-components.yaml')).toContain('echo mine');
    expect(world.files.get('out/machines.yaml')).toContain('kubelet: 1.35.4');
  });

  test.each([
    { when: 'is not there', file: {}, says: 'there is no file my.yaml' },
    { when: 'is no YAML', file: { 'my.yaml': '{' }, says: 'machine_configs.yaml' },
    { when: 'has no entry for our system', file: { 'my.yaml': 'items: []\n' }, says: 'has no entries for a version' },
  ])('a machine configuration that $when is a problem, and nothing is written', async ({ file, says }) => {
    const world = aWorld(file);
    const { problems } = await world.generate({ machineConfigs: 'my.yaml' });
    expect(problems?.join()).toContain(says);
    expect(world.files.size).toBe(Object.keys(file).length);
  });
});
