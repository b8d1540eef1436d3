// The world as JSON for people who watch: /__world.
import type { CallLog } from '../call-log.ts';
import type { SimRoute } from '../exchange.ts';
import type { SchemaProblem } from '../schema-check.ts';

/** What the page shows. */
export interface WorldFacts {
  readonly world: () => Readonly<Record<string, unknown>>;
  readonly calls: () => CallLog;
  readonly schemaProblems: readonly SchemaProblem[];
}

/** The route. */
export function worldRoute({ world, calls, schemaProblems }: WorldFacts): SimRoute {
  return {
    method: 'GET',
    access: 'control',
    template: '/__world',
    answer: () => ({
      status: 200,
      body: { ...world(), calls: { total: calls().total, byRoute: calls().byRoute() }, schemaProblems },
    }),
  };
}
