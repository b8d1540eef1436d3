import { expect, test } from '@jest/globals';
import { binaryFolders, readSettings } from './config.ts';

test.each([
  { env: {}, settings: { cacheFolder: '/h/.cache/longshore/control-plane' } },
  { env: { XDG_CACHE_HOME: '/x' }, settings: { cacheFolder: '/x/longshore/control-plane' } },
  { env: { XDG_CACHE_HOME: '/x', LONGSHORE_CACHE: '/l' }, settings: { cacheFolder: '/l/control-plane' } },
  {
    env: { LONGSHORE_CACHE: '', KUBEBUILDER_ASSETS: '' },
    settings: { cacheFolder: '/h/.cache/longshore/control-plane' },
  },
  {
    env: { LONGSHORE_CACHE: '/l', KUBEBUILDER_ASSETS: '/a', LONGSHORE_ENVTEST_URL: 'u' },
    settings: { cacheFolder: '/l/control-plane', assetsFolder: '/a', envtestUrl: 'u' },
  },
  {
    env: { LONGSHORE_CACHE: 'l', KUBEBUILDER_ASSETS: './a' },
    settings: { cacheFolder: `${process.cwd()}/l/control-plane`, assetsFolder: `${process.cwd()}/a` },
  },
])('readSettings of $env', ({ env, settings }) => {
  expect(readSettings(env, '/h')).toEqual(settings);
});

test('the folders of the binaries are the cache, and that of the user', () => {
  expect(binaryFolders({ LONGSHORE_CACHE: '/l' })).toEqual(['/l/control-plane']);
  expect(binaryFolders({ LONGSHORE_CACHE: '/l', KUBEBUILDER_ASSETS: '/a' })).toEqual(['/l/control-plane', '/a']);
});
