import { describe, expect, test } from '@jest/globals';
import { imageApps } from './app-names.ts';
import { HELP, parseCommandLine } from './options.ts';

describe('the command line of npm run image', () => {
  test('all apps, both platforms, JSON', () => {
    const argv = ['all', '--platform', 'linux/amd64,linux/arm64', '-o', 'json', '--label', 'a.b=c=d', '--output', 'x'];
    expect(parseCommandLine(argv)).toEqual({
      kind: 'build',
      options: expect.objectContaining({
        apps: [...imageApps],
        platforms: ['amd64', 'arm64'],
        print: 'json',
        labels: { 'a.b': 'c=d' },
        folder: 'x',
        format: 'oci',
        libraries: 'auto',
        isBuilding: true,
      }),
    });
  });

  test.each([
    { argv: [], message: /name an app or all/ },
    { argv: ['nope'], message: /no image of "nope".*do-ccm/ },
    { argv: ['do-ccm', '--platform', 'windows/amd64'], message: /linux\/amd64, linux\/arm64/ },
    { argv: ['do-ccm', '--format', 'zip'], message: /use oci, oci-archive, docker-archive, rootfs/ },
    { argv: ['do-ccm', '--libraries', 'x'], message: /use auto, pinned, machine/ },
    { argv: ['do-ccm', '--label', 'x'], message: /KEY=VALUE/ },
    { argv: ['do-ccm', 'packet-ccm', '--name', 'x/y:1'], message: /--name is the name of one image/ },
    { argv: ['do-ccm', '--push-name'], message: /--push-name needs --name/ },
    { argv: ['do-ccm', '--load'], message: /--load needs --format docker-archive/ },
    { argv: ['do-ccm', '--nope'], message: /--nope/ },
    { argv: ['all', '--platform', 'linux/amd64,linux/arm64', '--format', 'docker-archive'], message: /one platform/ },
  ])('$argv is a mistake', ({ argv, message }) => {
    expect(parseCommandLine(argv)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  test('the table of README.md is a command of its own', () => {
    expect(parseCommandLine(['table'])).toEqual({ kind: 'table' });
  });

  test('help names every app and option', () => {
    expect(parseCommandLine(['--help'])).toEqual({ kind: 'help' });
    for (const word of [
      ...imageApps,
      '--platform',
      '--format',
      '--output',
      '--push',
      '--push-name',
      '--name',
      '--load',
      '--no-build',
      '-o json',
    ]) {
      expect(HELP).toContain(word);
    }
  });
});
