import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './cli-options.ts';

const defaults = { mayOverwrite: false, controllers: false, apiServerArgs: [] };

describe('parseCommandLine', () => {
  test.each([
    { argv: ['--kubeconfig', 'f'], run: { ...defaults, kubeconfig: 'f' } },
    {
      argv: ['--kubeconfig=f', '--minor=1.35', '--controllers'],
      run: { ...defaults, kubeconfig: 'f', minor: '1.35', controllers: true },
    },
    {
      argv: ['--kubeconfig', 'f', '--port', '16443', '--bind-address', '::1'],
      run: { ...defaults, kubeconfig: 'f', port: 16443, bindAddress: '::1' },
    },
    {
      argv: ['--kubeconfig', 'f', '--api-server-arg=--v=4', '--api-server-arg', '--x=1', '--force'],
      run: { ...defaults, kubeconfig: 'f', mayOverwrite: true, apiServerArgs: ['--v=4', '--x=1'] },
    },
  ])('$argv', ({ argv, run }) => {
    expect(parseCommandLine(argv)).toEqual({ kind: 'run', run });
  });

  test.each([
    { argv: ['--prepare'], minors: ['1.36'] },
    { argv: ['--prepare', '--minor', '1.34'], minors: ['1.34'] },
    { argv: ['--prepare', '--minor', 'all'], minors: ['1.34', '1.35', '1.36'] },
  ])('$argv prepares $minors', ({ argv, minors }) => {
    expect(parseCommandLine(argv)).toEqual({ kind: 'prepare', minors, controllers: false });
  });

  test.each([
    { argv: [], says: /--kubeconfig FILE/ },
    { argv: ['--kubeconfig'], says: /argument missing/ },
    {
      argv: ['--kubeconfig', 'f', '--minor', '1.20'],
      says: /^--minor 1\.20 is not known: choose one of 1\.34, 1\.35, 1\.36$/,
    },
    { argv: ['--kubeconfig', 'f', '--minor', 'all'], says: /all is not known/ },
    { argv: ['--kubeconfig', 'f', '--port', '0'], says: /not a port/ },
    { argv: ['--kubeconfig', 'f', '--port', '65536'], says: /not a port/ },
    { argv: ['--kubeconfig', 'f', '--wat'], says: /unknown option '--wat'/ },
    { argv: ['start'], says: /too many arguments/ },
  ])('$argv is a mistake, said in one line', ({ argv, says }) => {
    const parsed = parseCommandLine(argv);
    expect(parsed).toEqual({ kind: 'mistake', message: expect.stringMatching(says) });
    expect(parsed.kind === 'mistake' && parsed.message).not.toContain('\n');
  });

  test('--help names every option and the exit codes', () => {
    const parsed = parseCommandLine(['--help']);
    expect(parsed.kind).toBe('help');
    for (const word of ['--kubeconfig', '--minor', '--controllers', '--prepare', 'Exit codes', 'KUBEBUILDER_ASSETS']) {
      expect(parsed.kind === 'help' && parsed.text).toContain(word);
    }
  });
});
