// Routes of what Packet sells. None of these lists has pages.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { notFound } from './answers.ts';
import { FACILITIES, findMetro, METROS, OPERATING_SYSTEMS, PLANS } from './catalog.ts';
import { viewFacility, viewMetro, viewOperatingSystem, viewPlan } from './catalog-views.ts';
import { SHAPING, withProject } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';

const PLAN_FILTERS = ['categories[]', 'type', 'slug'];

/** The routes. */
export function catalogRoutes(context: PacketContext): readonly PacketRoute[] {
  const facilities = (): SimAnswer => ({
    status: 200,
    body: { facilities: FACILITIES.map((one) => viewFacility(context, one)) },
  });
  const plans = ({ query }: SimRequest): SimAnswer => {
    const slug = query.get('slug');
    const found = PLANS.filter((plan) => slug === null || plan.slug === slug);
    return { status: 200, body: { plans: found.map((plan) => viewPlan(context, plan)) } };
  };
  return [
    { method: 'GET', template: '/facilities', queryNames: SHAPING, answer: facilities },
    {
      method: 'GET',
      template: '/projects/{id}/facilities',
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, facilities),
    },
    { method: 'GET', template: '/plans', queryNames: [...SHAPING, ...PLAN_FILTERS], answer: plans },
    {
      method: 'GET',
      template: '/projects/{id}/plans',
      queryNames: [...SHAPING, ...PLAN_FILTERS],
      answer: (request) => withProject(context, request, () => plans(request)),
    },
    {
      method: 'GET',
      template: '/operating-systems',
      answer: () => ({
        status: 200,
        body: { operating_systems: OPERATING_SYSTEMS.map((one) => viewOperatingSystem(context, one)) },
      }),
    },
    ...metroRoutes(context),
  ];
}

// In the time before metros there were no such routes.
function metroRoutes(context: PacketContext): readonly PacketRoute[] {
  if (context.settings.places === 'facilities') return [];
  return [
    {
      method: 'GET',
      template: '/locations/metros',
      answer: () => ({ status: 200, body: { metros: METROS.map((one) => viewMetro(context, one)) } }),
    },
    {
      method: 'GET',
      template: '/locations/metros/{id}',
      answer: ({ params }) => {
        const metro = findMetro(params['id'] ?? '');
        return metro === undefined ? notFound : { status: 200, body: viewMetro(context, metro) };
      },
    },
  ];
}
