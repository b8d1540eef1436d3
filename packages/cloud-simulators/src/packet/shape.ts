// `include` and `exclude`: which references an answer shows in full. Unknown names are ignored, as the API does.
import type { SimAnswer, SimRequest } from '../exchange.ts';

/** Finds the object that a link leads to; `undefined` when there is none. */
export type Resolve = (href: string, name: string, holder: object) => object | undefined;

const DEEPEST = 3;

/** Whether a request asks for another shape than the usual one. */
export function isReshaped({ query }: Pick<SimRequest, 'query'>, usual: readonly string[]): boolean {
  return query.has('exclude') || namesOf(query, 'include').some((path) => !usual.includes(path));
}

/** The object in the shape that the request asks for. */
export function shape(object: object, { query }: Pick<SimRequest, 'query'>, resolve: Resolve): object {
  let shaped: unknown = object;
  for (const path of namesOf(query, 'include')) {
    shaped = walk(shaped, path.split('.').slice(0, DEEPEST), (value, name, holder) =>
      isReference(value) ? (resolve(value.href, name, holder) ?? value) : value,
    );
  }
  for (const path of namesOf(query, 'exclude')) {
    const names = path.split('.').slice(0, DEEPEST);
    shaped = walk(shaped, names, (value, _name, _holder, isLast) =>
      isLast && hasHref(value) ? { href: value.href } : value,
    );
  }
  return shaped as object;
}

/** One object, shaped. */
export function shaped(
  status: number,
  object: object,
  request: Pick<SimRequest, 'query'>,
  resolve: Resolve,
): SimAnswer {
  return { status, body: shape(object, request, resolve) };
}

// `include=a,b` and `include[]=a&include[]=b` are both in use.
function namesOf(query: URLSearchParams, name: string): readonly string[] {
  return [...query.getAll(name), ...query.getAll(`${name}[]`)]
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

type Visit = (value: unknown, name: string, holder: object, isLast: boolean) => unknown;

function walk(value: unknown, path: readonly string[], visit: Visit): unknown {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => walk(item, path, visit));
  const holder = value as Readonly<Record<string, unknown>>;
  if (!(name in holder)) return value;
  const isLast = rest.length === 0;
  const one = (item: unknown): unknown => walk(visit(item, name, holder, isLast), rest, visit);
  const inner = holder[name];
  return { ...holder, [name]: Array.isArray(inner) ? inner.map(one) : one(inner) };
}

function isReference(value: unknown): value is { readonly href: string } {
  return hasHref(value) && Object.keys(value).length === 1;
}

function hasHref(value: unknown): value is { readonly href: string } {
  return typeof value === 'object' && value !== null && 'href' in value && typeof value.href === 'string';
}
