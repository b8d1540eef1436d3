// The only place that reads the environment.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SourceSettings } from './binaries/source-plan.ts';

/** Settings of an environment: an empty variable counts as not set; paths become absolute, for programs run in other folders. */
export function readSettings(env: NodeJS.ProcessEnv, home: string = homedir()): SourceSettings {
  const xdg = env['XDG_CACHE_HOME'] || join(home, '.cache');
  const cache = env['LONGSHORE_CACHE'] || join(xdg, 'longshore');
  return {
    cacheFolder: resolve(cache, 'control-plane'),
    ...(env['KUBEBUILDER_ASSETS'] ? { assetsFolder: resolve(env['KUBEBUILDER_ASSETS']) } : {}),
    ...(env['LONGSHORE_ENVTEST_URL'] ? { envtestUrl: env['LONGSHORE_ENVTEST_URL'] } : {}),
  };
}

/** Folders in which the binaries are, or will be: for those who run them where not all of this machine's files can be seen. */
export function binaryFolders(env: NodeJS.ProcessEnv = processEnv()): readonly string[] {
  const { cacheFolder, assetsFolder } = readSettings(env);
  return assetsFolder === undefined ? [cacheFolder] : [cacheFolder, assetsFolder];
}

/** The environment of this process. */
export function processEnv(): NodeJS.ProcessEnv {
  return process.env;
}
