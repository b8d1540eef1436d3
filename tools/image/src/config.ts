// What the environment says: read here only.
import { homedir } from 'node:os';
import path from 'node:path';

/** The root of the source tree: from src and dist alike. */
export const root = path.resolve(import.meta.dirname, '../../..');

/** Where layers and packages are kept between runs: LONGSHORE_CACHE, else the user's cache folder. */
export function imageCache(env: NodeJS.ProcessEnv = process.env): string {
  const cache =
    env['LONGSHORE_CACHE'] ?? path.join(env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'longshore');
  return path.resolve(cache, 'image');
}

/** The time in images: SOURCE_DATE_EPOCH (seconds), else the beginning of 1970. */
export function imageTime(env: NodeJS.ProcessEnv = process.env): string {
  const seconds = Number(env['SOURCE_DATE_EPOCH'] ?? 0);
  const time = new Date((Number.isFinite(seconds) ? seconds : 0) * 1000);
  return time.toISOString().replace('.000Z', 'Z');
}
