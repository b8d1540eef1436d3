// The flag that maps Nodes to machines: entries, files, and everything that can be wrong with them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defaultsOf, parseFlags } from '@longshore/k8s-runtime/process';
import { ccmFlags } from './flags.ts';
import { nodeNameMap } from './node-name-map.ts';
import { readNodeNameMap } from './wiring-node-names.ts';

const parse = (...argv: readonly string[]): readonly string[] => {
  const parsed = parseFlags(ccmFlags, argv, { program: 'acme', version: '1', description: 'x' });
  return parsed.kind === 'run' ? parsed.values['node-name-map'] : [];
};
const flag = (text: string) => [{ source: '--node-name-map', text }];

async function inFolder<T>(content: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'node-names-'));
  try {
    const file = path.join(folder, 'map');
    await writeFile(file, content);
    return await work(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('--node-name-map', () => {
  test('without the flag a Node is the machine of its name', async () => {
    const machineNameOf = await readNodeNameMap(defaultsOf(ccmFlags)['node-name-map']);
    expect(machineNameOf('node-a')).toBe('node-a');
  });

  test('names and IDs, blanks around them, several flags', async () => {
    const machineNameOf = await readNodeNameMap(
      parse('--node-name-map=node-a=droplet-a, node-b = 12345', '--node-name-map', 'node-c=6b5c-11'),
    );
    expect(['node-a', 'node-b', 'node-c', 'node-d'].map(machineNameOf)).toEqual([
      'droplet-a',
      '12345',
      '6b5c-11',
      'node-d',
    ]);
  });

  test('a file has one entry on a line, remarks and empty lines', async () => {
    const content = '# machines\r\nnode-a=droplet-a # the first\r\n\r\nnode-b=droplet-b,node-c=7\n';
    const machineNameOf = await inFolder(content, (file) => readNodeNameMap([`@${file}`, 'node-d=8']));
    expect(['node-a', 'node-b', 'node-c', 'node-d'].map(machineNameOf)).toEqual(['droplet-a', 'droplet-b', '7', '8']);
  });

  test.each([
    { text: 'node-a', problem: '"node-a" does not end in "=" and the name or ID of a machine' },
    { text: 'node-a=', problem: '"node-a=" does not end in "="' },
    { text: '=droplet', problem: '"=droplet" does not begin with the name of a Node' },
    { text: 'Node_A=droplet', problem: '"Node_A=droplet" does not begin with the name of a Node' },
    { text: 'a=b=c', problem: '"a=b=c" does not end in' },
    { text: 'a=b c', problem: '"a=b c" does not end in' },
    { text: 'a=x,a=y', problem: 'Node a is mapped twice, to x and y' },
    { text: 'a=x,b=x', problem: 'Nodes a and b are both mapped to x' },
  ])('$text is refused', ({ text, problem }) => {
    expect(() => nodeNameMap(flag(text))).toThrow(problem);
    expect(() => parse(`--node-name-map=${text}`)).toThrow(problem);
  });

  test('everything wrong comes in one message, which says what the flag takes', () => {
    expect(() => nodeNameMap(flag('a,b=x,c=x'))).toThrow(
      '--node-name-map: "a" does not end in "=" and the name or ID of a machine; Nodes b and c are both mapped to x; it takes NODE=MACHINE,… or @FILE with such entries',
    );
  });

  test('problems in a file name it; so does a file that cannot be read', async () => {
    await inFolder('a=x\nb', async (file) => {
      await expect(readNodeNameMap([`@${file}`])).rejects.toMatchObject({
        code: 'NODE_NAME_MAP_INVALID',
        message: expect.stringContaining(`${file}: "b" does not end`) as unknown,
        disposition: { retry: 'never' },
      });
      await expect(readNodeNameMap([`@${file}.not`])).rejects.toThrow(/the file .*\.not cannot be read: .*ENOENT/);
      await expect(readNodeNameMap([`@${file}`, 'a=y'])).rejects.toThrow('Node a is mapped twice');
    });
    expect(() => parse('--node-name-map=@')).toThrow('names no file behind @');
  });
});
