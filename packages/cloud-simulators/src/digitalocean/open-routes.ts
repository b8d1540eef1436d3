// Routes without a token: the metadata service that droplets reach on a link-local address, and the world as JSON for people who watch.
import type { CallLog } from '../call-log.ts';
import type { SimAnswer, SimRoute } from '../exchange.ts';
import type { SchemaProblem } from '../schema-check.ts';

/** What the open routes show. */
export interface OpenFacts {
  /** Region and id of the droplet that asks; there is no telling who does, so it is the same for all. */
  readonly self: () => { readonly region: string; readonly id: number | undefined };
  readonly world: () => Readonly<Record<string, unknown>>;
  readonly calls: () => CallLog;
  readonly schemaProblems: readonly SchemaProblem[];
}

/** The routes. */
export function openRoutes({ self, world, calls, schemaProblems }: OpenFacts): readonly SimRoute[] {
  const open = { method: 'GET', access: 'open' } as const;
  return [
    { ...open, template: '/metadata/v1/region', answer: () => plain(self().region) },
    {
      ...open,
      template: '/metadata/v1/id',
      answer: () => plain(self().id === undefined ? undefined : String(self().id)),
    },
    {
      method: 'GET',
      access: 'control',
      template: '/__world',
      answer: () => ({
        status: 200,
        body: { ...world(), calls: { total: calls().total, byRoute: calls().byRoute() }, schemaProblems },
      }),
    },
  ];
}

function plain(text: string | undefined): SimAnswer {
  return text === undefined ? { status: 404, text: 'not found' } : { status: 200, text };
}
