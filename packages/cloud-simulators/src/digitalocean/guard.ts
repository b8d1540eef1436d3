// What happens to a request before its route: token, quota, scope, body. In the order of the API: who, how often, what, how.
import { routeName } from '../exchange.ts';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import type { QuotaReading } from '../quota.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { refuse, unprocessable } from './answers.ts';
import type { DoRoute } from './context.ts';
import { pagingProblem } from './paging.ts';
import type { Tokens } from './tokens.ts';

/** What the guard looks at. */
export interface GuardParts {
  readonly routes: readonly DoRoute[];
  readonly tokens: Tokens;
  readonly schemas: SchemaCheck;
}

/** Refuses what no route should see. */
export function createGuard({ routes, tokens, schemas }: GuardParts): (request: SimRequest) => SimAnswer | undefined {
  const byName = new Map(routes.map((route) => [routeName(route), route]));
  return (request) => {
    if (!tokens.isKnown(request)) return refuse(401);
    const reading = tokens.quotaOf(request)?.take();
    if (reading?.refusedBy !== undefined) return tooMany(reading);
    const route = byName.get(routeName(request));
    if (route === undefined) return undefined;
    if (!tokens.hasScope(request, route.scope)) return refuse(403);
    noteQueryProblems(request, route, schemas);
    if (request.isMalformed) return refuse(400, 'the body is not valid JSON');
    const problem = schemas.check(request, routeName(route));
    return problem === undefined ? undefined : unprocessable(problem);
  };
}

/** The rate limit headers. When the minute is full the API says 0, although the hour has room. */
export function rateHeaders({ limit, remaining, resetAtMs }: QuotaReading): Readonly<Record<string, string>> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.ceil(resetAtMs / 1000)),
  };
}

function tooMany(reading: QuotaReading): SimAnswer {
  const answer = refuse(429);
  if (reading.refusedBy === 'hour') return answer;
  const retryAfter = String(Math.ceil(reading.minuteWaitMs / 1000));
  return { ...answer, headers: { 'ratelimit-remaining': '0', 'retry-after': retryAfter } };
}

// The API ignores query names that it does not know; a client that sends them believes in something that does not happen.
function noteQueryProblems({ method, path, query }: SimRequest, route: DoRoute, schemas: SchemaCheck): void {
  const known = route.queryNames ?? [];
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) schemas.note({ method, path, problem: `query/${name} is unknown` });
  }
  const problem = pagingProblem(query);
  if (problem !== undefined) schemas.note({ method, path, problem: `query: ${problem}` });
}
