// The command line: flags of today and of old, what is refused, help without an API key.
import { describe, expect, test } from '@jest/globals';
import { runCli } from './main.ts';
import { withContext } from './kubeconfig-context.ts';
import { withDashes } from './shared-options.ts';
import { toBootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';

async function run(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const nothing = new AbortController();
  const host = { signal: nothing.signal, env: {}, hide: () => {}, readText: () => Promise.reject(new Error('ENOENT')) };
  const io = { env: {}, readFile: () => Promise.resolve(undefined), writeFile: () => Promise.resolve() };
  const code = await runCli(argv, {
    host: () => host as never,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    generate: { ...io, print: () => {}, complain: () => {}, setExitCode: () => {} },
  });
  return { code, out, err };
}

const create = ['create', 'cluster', '-c', 'c.yaml', '-m', 'm.yaml', '-p', 'p.yaml'];

describe('clusterctl', () => {
  test.each([
    { of: [], holds: ['create', 'delete', 'validate', 'get', 'describe', 'move', 'alpha', 'generate'] },
    {
      of: ['create', 'cluster'],
      holds: [
        '-c, --cluster',
        '-m, --machines',
        '-p, --provider-components',
        '-a, --addon-components',
        '--provider ',
        '--bootstrap-only-components',
        '--kubeconfig-out',
        '--bootstrap-type',
        '--bootstrap-cluster-cleanup',
        '-e, --bootstrap-cluster-kubeconfig',
        '--bootstrap-flags',
      ],
    },
    {
      of: ['delete', 'cluster'],
      holds: [
        '--kubeconfig',
        '-p, --provider-components',
        '--cluster',
        '--user',
        '-n, --namespace',
        '-e, --bootstrap-cluster-kubeconfig',
      ],
    },
    { of: ['validate', 'cluster'], holds: ['--kubeconfig', '--cluster', '--user', '-n, --namespace'] },
    {
      of: ['alpha', 'phases'],
      holds: [
        'create-bootstrap-cluster',
        'apply-bootstrap-components',
        'apply-cluster-api-components',
        'apply-cluster',
        'apply-machines',
        'get-kubeconfig',
        'apply-addons',
        'pivot',
      ],
    },
    {
      of: ['alpha', 'phases', 'pivot'],
      holds: ['-s, --source-kubeconfig', '-t, --target-kubeconfig', '-p, --provider-components'],
    },
  ])('CA row P24 help of "$of" without an API key', async ({ of, holds }) => {
    const { code, out, err } = await run(...of, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const text of holds) expect(out).toContain(text);
    expect(out).not.toContain('logtostderr');
  });

  test('CA row P24 flags of old and of klog are accepted, with underscores too', async () => {
    const old = [
      '--existing-bootstrap-cluster-kubeconfig',
      'k',
      '--cleanup-bootstrap-cluster=false',
      '--provider',
      'packet',
    ];
    const klog = ['-v', '4', '--logtostderr=true', '--log_dir', '/tmp', '--skip-headers'];
    const { code, err } = await run(...create, ...old, ...klog);
    expect({ code, err }).toEqual({ code: 1, err: 'clusterctl: cannot read c.yaml: ENOENT (CTL_INPUT_INVALID)\n' });
  });

  test('a flag that is missing: the usage on standard error, exit code 1', async () => {
    const { code, err, out } = await run('create', 'cluster', '-c', 'x');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain("required option '-m, --machines <file>' not specified");
    expect(err).toContain('Usage: clusterctl create cluster [options]');
  });

  test.each([
    { when: 'minikube', args: ['--bootstrap-type', 'minikube'], says: '--bootstrap-type minikube is not supported' },
    { when: '--minikube', args: ['--minikube'], says: '--bootstrap-type minikube is not supported' },
    { when: 'kind and an existing cluster', args: ['--bootstrap-type', 'kind', '-e', 'k'], says: 'give one of them' },
    {
      when: 'neither',
      args: [],
      says: 'give --bootstrap-type kind (or embedded), or -e (--bootstrap-cluster-kubeconfig)',
    },
    { when: 'another type', args: ['--bootstrap-type', 'k3d'], says: '"k3d" is unknown' },
  ])('$when is refused with what to give', async ({ args, says }) => {
    const { code, err } = await run(...create, '--provider', 'packet', ...args);
    expect(code).toBe(1);
    expect(err).toContain(says);
    expect(err).not.toContain('    at ');
  });

  test('another provider is refused', async () => {
    expect((await run(...create, '--provider', 'aws', '-e', 'k')).err).toContain('packet is the only one');
  });
});

test('underscores in names of flags, not in values', () => {
  expect(withDashes(['--log_dir=/a_b', '-e', 'a_b', '--bootstrap_type', 'kind'])).toEqual([
    '--log-dir=/a_b',
    '-e',
    'a_b',
    '--bootstrap-type',
    'kind',
  ]);
});

test('flags for kind may be repeated or a list', () => {
  const wish = toBootstrapWish({ bootstrapType: 'kind', bootstrapFlags: ['image=x,wait=1m', 'retain'] });
  expect(wish).toEqual({ type: 'kind', flags: ['image=x', 'wait=1m', 'retain'] });
});

test('a cluster and a user of a kubeconfig with several', () => {
  const text = 'contexts:\n- {name: a, context: {cluster: one, user: me}}\ncurrent-context: a\n';
  expect(withContext(text, { user: 'you' })).toContain('cluster: one\n      user: you');
});
