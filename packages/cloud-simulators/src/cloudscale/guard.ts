// What happens to a request before its route: token, rights, body, and the rule that a PATCH carries one attribute.
import { routeName } from '../exchange.ts';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { refuse } from './answers.ts';
import type { CloudscaleRoute, CloudscaleSettings } from './context.ts';
import { isTagFilter } from './tags.ts';

/** Tokens and whether they may only read. */
export type Tokens = Map<string, 'read-write' | 'read-only'>;

/** What the guard looks at. */
export interface GuardParts {
  readonly routes: readonly CloudscaleRoute[];
  readonly tokens: Tokens;
  readonly schemas: SchemaCheck;
  readonly settings: Pick<CloudscaleSettings, 'attributesPerPatch'>;
}

/** Refuses what no route should see. */
export function createGuard(parts: GuardParts): (request: SimRequest) => SimAnswer | undefined {
  const byName = new Map(parts.routes.map((route) => [routeName(route), route]));
  return (request) => {
    const rights = parts.tokens.get(tokenOf(request));
    if (rights === undefined) return refuse(401);
    if (rights === 'read-only' && request.method !== 'GET') return refuse(403);
    const route = byName.get(routeName(request));
    if (route === undefined) return undefined;
    noteQueryProblems(request, route, parts.schemas);
    return bodyProblem(request, route, parts);
  };
}

function bodyProblem(request: SimRequest, route: CloudscaleRoute, parts: GuardParts): SimAnswer | undefined {
  if (request.isMalformed) return refuse(400, 'JSON parse error - Expecting value: line 1 column 1 (char 0)');
  const problem = parts.schemas.check(request, routeName(route));
  if (problem !== undefined) return refuse(400, problem);
  const attributes = Object.keys(request.body ?? {}).length;
  const isTooMany = request.method === 'PATCH' && parts.settings.attributesPerPatch === 'one' && attributes > 1;
  return isTooMany ? refuse(400, 'Only one attribute can be updated at a time.') : undefined;
}

function tokenOf({ headers }: SimRequest): string {
  return /^Bearer ([A-Za-z0-9\-._]+)$/.exec(headers['authorization'] ?? '')?.[1] ?? '';
}

// A client that sends names that nobody reads believes in something that does not happen.
function noteQueryProblems({ method, path, query }: SimRequest, route: CloudscaleRoute, schemas: SchemaCheck): void {
  for (const name of new Set(query.keys())) {
    const isKnown = (route.queryNames ?? []).includes(name) || (route.isList === true && isTagFilter(name));
    if (!isKnown) schemas.note({ method, path, problem: `query/${name} is unknown` });
  }
}
