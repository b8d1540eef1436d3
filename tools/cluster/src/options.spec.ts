import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './options.ts';

const parse = (...argv: string[]): unknown => parseCommandLine(argv, '1.2.3');

describe('parseCommandLine', () => {
  test('up has defaults for everything', () => {
    expect(parse('up')).toEqual({
      kind: 'up',
      up: { cloudProvider: 'none', network: true, nodeName: 'longshore-node', image: [] },
    });
  });

  test('up takes everything', () => {
    const flags = ['--cloud-provider', 'external', '--no-network', '--node-name=n', '--image=a.tar', '--image=b.tar'];
    expect(parse('up', ...flags, '--kubeconfig', 'k', '--force')).toEqual({
      kind: 'up',
      up: {
        ...{ cloudProvider: 'external', network: false, nodeName: 'n', image: ['a.tar', 'b.tar'] },
        ...{ kubeconfig: 'k', force: true },
      },
    });
  });

  test.each([
    { argv: ['load', 'a.tar'], request: { kind: 'load', archives: ['a.tar'], cluster: undefined } },
    { argv: ['load', 'a', 'b', '--cluster=/c'], request: { kind: 'load', archives: ['a', 'b'], cluster: '/c' } },
    { argv: ['e2e'], request: { kind: 'e2e', pattern: undefined } },
    { argv: ['e2e', 'programs'], request: { kind: 'e2e', pattern: 'programs' } },
    { argv: ['--version'], request: { kind: 'text', text: '1.2.3\n' } },
  ])('$argv', ({ argv, request }) => {
    expect(parse(...argv)).toEqual(request);
  });

  test.each([
    { argv: [], message: /name a command/ },
    { argv: ['down'], message: /unknown command 'down'/ },
    { argv: ['load'], message: /missing required argument 'archive'/ },
    { argv: ['up', '--cloud-provider=do'], message: /Allowed choices are none, external/ },
    { argv: ['up', '--nonsense'], message: /unknown option '--nonsense'/ },
  ])('$argv is a mistake', ({ argv, message }) => {
    expect(parse(...argv)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  test.each([
    [['--help'], /up .*load .*e2e /s],
    [['up', '--help'], /--kubeconfig .*--cloud-provider .*--no-network .*--image /s],
  ])('%j prints help', (argv, text) => {
    expect(parse(...argv)).toEqual({ kind: 'text', text: expect.stringMatching(text) });
  });
});
