// Whether an object on the target is the one that is being moved there. Pure. What each API server sets itself, statuses, and the marks of
// the move do not count; fields that only the target has are defaults that it filled in.
import { isDeepStrictEqual } from 'node:util';
import { annotations } from '../../api/names.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { MOVED_ANNOTATION } from './move-marks.ts';

const MARKS: readonly string[] = [
  annotations.moving,
  MOVED_ANNOTATION,
  'kubectl.kubernetes.io/last-applied-configuration',
];
const MOST_SHOWN = 5;

/** Paths with both values, at most five; values of Secrets are not shown. Empty: it is the same. */
export function differencesOf(source: AnyObject, target: AnyObject): readonly string[] {
  const isSecret = source.kind === 'Secret';
  const found = differ(comparable(source), comparable(target), '').map(({ path, here, there }) =>
    isSecret ? `${path} differs` : `${path} is ${shown(there)} on the target, ${shown(here)} here`,
  );
  return found.length > MOST_SHOWN ? [...found.slice(0, MOST_SHOWN), `and ${found.length - MOST_SHOWN} more`] : found;
}

function comparable(object: AnyObject): Readonly<Record<string, unknown>> {
  const { metadata = {}, status: _status, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => !MARKS.includes(name));
  return { ...rest, metadata: { labels: metadata.labels ?? {}, annotations: Object.fromEntries(kept) } };
}

interface Difference {
  readonly path: string;
  readonly here: unknown;
  readonly there: unknown;
}

function differ(here: unknown, there: unknown, path: string): readonly Difference[] {
  if (isFields(here) && isFields(there)) {
    return Object.entries(here).flatMap(([name, value]) =>
      value === undefined ? [] : differ(value, there[name], path === '' ? name : `${path}.${name}`),
    );
  }
  if (Array.isArray(here) && Array.isArray(there) && here.length === there.length) {
    return here.flatMap((item, index) => differ(item, (there as unknown[])[index], `${path}[${index}]`));
  }
  return isDeepStrictEqual(here, there) ? [] : [{ path, here, there }];
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
