// What happens to a request before its route: token, quota, rights, body. In this order: who, how often, what, how.
import type { Clock } from '@longshore/reconciler-core';
import { routeName } from '../exchange.ts';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import type { QuotaReading } from '../quota.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { refuse, unprocessable } from './answers.ts';
import type { PacketRoute } from './context.ts';
import { pagingProblem } from './paging.ts';
import { OPTIONAL_BODIES } from './request-schemas.ts';
import type { Tokens } from './tokens.ts';

/** What the guard looks at. */
export interface GuardParts {
  readonly routes: readonly PacketRoute[];
  readonly tokens: Tokens;
  readonly schemas: SchemaCheck;
  readonly clock: Clock;
}

/** POSTs that change nothing. */
const READING_POSTS = ['POST /capacity', 'POST /capacity/metros'];

/** Refuses what no route should see. */
export function createGuard(parts: GuardParts): (request: SimRequest) => SimAnswer | undefined {
  const { tokens, schemas, clock } = parts;
  const byName = new Map(parts.routes.map((route) => [routeName(route), route]));
  return (request) => {
    if (!tokens.isKnown(request)) return refuse(401);
    const reading = tokens.quotaOf(request)?.take();
    if (reading?.refusedBy !== undefined) return tooMany(reading, clock);
    const route = byName.get(routeName(request));
    if (route === undefined) return undefined;
    if (!isRead(request) && !tokens.mayWrite(request))
      return refuse(403, 'You are not authorized to perform this action');
    noteQueryProblems(request, route, schemas);
    if (request.isMalformed) return refuse(400, 'The body is not valid JSON');
    const problem = bodyProblem(request, routeName(route), schemas);
    return problem === undefined ? undefined : unprocessable(problem);
  };
}

function isRead(request: SimRequest): boolean {
  return request.method === 'GET' || READING_POSTS.includes(routeName(request));
}

/** The rate limit headers. When the minute is full they say when it has room again. */
export function rateHeaders({ limit, remaining, resetAtMs }: QuotaReading): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(resetAtMs / 1000)),
  };
}

function tooMany({ minuteWaitMs, refusedBy }: QuotaReading, clock: Clock): SimAnswer {
  const answer = refuse(429);
  if (refusedBy === 'hour') return answer;
  const reset = String(Math.ceil((clock.nowMs() + minuteWaitMs) / 1000));
  return { ...answer, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset } };
}

// Fields that the API does not know it ignores; they are noted, because their sender believes in something that does not happen.
function bodyProblem(request: SimRequest, name: string, schemas: SchemaCheck): string | undefined {
  if (request.body === undefined && OPTIONAL_BODIES.has(name)) return undefined;
  const before = schemas.problems.length;
  schemas.check(request, name);
  return schemas.problems.slice(before).find(({ problem }) => !/ is unknown$|takes none$/.test(problem))?.problem;
}

function noteQueryProblems({ method, path, query }: SimRequest, route: PacketRoute, schemas: SchemaCheck): void {
  const known = route.queryNames ?? [];
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) schemas.note({ method, path, problem: `query/${name} is unknown` });
  }
  const problem = pagingProblem(query);
  if (problem !== undefined) schemas.note({ method, path, problem: `query: ${problem}` });
}
