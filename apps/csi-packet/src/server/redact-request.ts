// A request as a log may show it. Pure. Which fields are secret is what csi.proto says (src/gen), not what their names look like.
import { SECRET_FIELDS } from '../gen/secret-fields.ts';

const STRIPPED = '***stripped***';

/** The request of a method with its secret fields replaced; big numbers as texts, so that it can be written as JSON. */
export function shownRequest(path: string, request: unknown): unknown {
  if (typeof request !== 'object' || request === null) return request;
  const secret = new Set(SECRET_FIELDS[path] ?? []);
  return Object.fromEntries(
    Object.entries(request)
      .filter(([, value]) => !isEmpty(value))
      .map(([name, value]) => [name, secret.has(name) ? strip(value) : shown(value)]),
  );
}

// The names of the entries help to find a mistake; their values are the secrets.
function strip(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return STRIPPED;
  return Object.fromEntries(Object.keys(value).map((name) => [name, STRIPPED]));
}

function shown(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Date || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)]));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0n) return true;
  return typeof value === 'object' && value !== null && !(value instanceof Date) && Object.keys(value).length === 0;
}
