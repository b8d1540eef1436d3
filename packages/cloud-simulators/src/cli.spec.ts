// The program as users start it.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the program; as soon as its output matches `until`, `then` is called and the program is told to stop. */
function run(args: readonly string[], until?: RegExp, then?: (output: string) => Promise<void>): Promise<Run> {
  const child = spawn(process.execPath, [
    '--conditions=@longshore/source',
    resolve(import.meta.dirname, 'cli.ts'),
    ...args,
  ]);
  let output = '';
  let errors = '';
  let isReached = false;
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((done, fail) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (isReached || until === undefined || !until.test(output)) return;
      isReached = true;
      Promise.resolve(then?.(output)).then(
        () => child.kill('SIGTERM'),
        (error: unknown) => (child.kill(), fail(error as Error)),
      );
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code, output, errors }));
  });
}

describe('cloud-simulators digitalocean', () => {
  test('says where it is and what to set, serves, and ends on SIGTERM with 0', async () => {
    const args = ['digitalocean', '--droplets', '2', '--token', 'my-token', '--region', 'nyc3', '--no-quota'];
    const { code, errors, output } = await run(args, /Stop it with/, async (text) => {
      const url = /DO_OVERRIDE_URL=(\S+)\//.exec(text)?.[1] ?? '';
      const answer = await fetch(`${url}/v2/droplets`, { headers: { authorization: 'Bearer my-token' } });
      expect((await answer.json()) as object).toMatchObject({ meta: { total: 2 } });
      expect(answer.headers.get('ratelimit-limit')).toBeNull();
    });
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('export DO_ACCESS_TOKEN=my-token\n');
    expect(output).toContain('export REGION=nyc3\n');
  }, 30_000);

  test.each([
    { args: ['digitalocean', '--port', 'abc'], says: /'--port <port>' argument 'abc' is invalid/ },
    { args: ['digitalocean', '--port', '70000'], says: /It must be a port, 0 to 65535/ },
    { args: ['digitalocean', '--region', 'moon1'], says: /cloud-simulators: unknown region "moon1"/ },
    { args: ['azure'], says: /unknown command 'azure'/ },
  ])(
    '$args ends with 1 and says why',
    async ({ args, says }) => {
      const { code, errors } = await run(args);
      expect(code).toBe(1);
      expect(errors).toMatch(says);
    },
    30_000,
  );

  test('--help names every option, --version the version', async () => {
    const help = await run(['digitalocean', '--help']);
    for (const option of [
      '--port',
      '--droplets',
      '--latency',
      '--time-to-active',
      '--token',
      '--region',
      '--no-quota',
    ]) {
      expect(help.output).toContain(option);
    }
    expect((await run(['--version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 30_000);
});

describe('cloud-simulators cloudscale', () => {
  test('says where it is and what to set, serves, and ends on SIGTERM with 0', async () => {
    const args = ['cloudscale', '--servers', '2', '--token', 'my-token', '--zone', 'lpg1'];
    const { code, errors, output } = await run(args, /Stop it with/, async (text) => {
      const url = /CLOUDSCALE_API_URL=(\S+)\//.exec(text)?.[1] ?? '';
      const answer = await fetch(`${url}/v1/servers`, { headers: { authorization: 'Bearer my-token' } });
      expect(await answer.json()).toMatchObject([{ zone: { slug: 'lpg1' } }, { zone: { slug: 'lpg1' } }]);
    });
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('export CLOUDSCALE_ACCESS_TOKEN=my-token\n');
  }, 30_000);

  test('a zone that is none ends with 1 and says so', async () => {
    const { code, errors } = await run(['cloudscale', '--zone', 'mars1']);
    expect([code, errors]).toEqual([1, expect.stringContaining('cloud-simulators: unknown zone "mars1"')]);
  }, 30_000);
});

describe('cloud-simulators packet', () => {
  test('says where it is and what to set, serves API and metadata, and ends on SIGTERM with 0', async () => {
    const args = [
      'packet',
      '--devices',
      '2',
      '--token',
      'my-token',
      '--facility',
      'sjc1',
      '--path-prefix',
      '/metal/v1',
    ];
    const { code, errors, output } = await run(args, /Stop it with/, async (text) => {
      const valueOf = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(text)?.[1] ?? '';
      const path = `projects/${valueOf('PACKET_PROJECT_ID')}/devices`;
      const answer = await fetch(valueOf('PACKET_API_URL') + path, { headers: { 'x-auth-token': 'my-token' } });
      expect((await answer.json()) as object).toMatchObject({ meta: { total: 2 } });
      const facility = await fetch(`${valueOf('PACKET_METADATA_URL')}/2009-04-04/meta-data/facility`);
      expect(await facility.text()).toBe('sjc1');
    });
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/PACKET_API_URL=\S+\/metal\/v1\/\n/);
  }, 30_000);
});
