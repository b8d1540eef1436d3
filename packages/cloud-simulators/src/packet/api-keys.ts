// Routes of API keys: those of a project, and those of the user. Reading only; keys are made by `Tokens`.
import { createHash } from 'node:crypto';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { forbidden } from './answers.ts';
import { withProject } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';

/** The routes. */
export function apiKeyRoutes(context: PacketContext): readonly PacketRoute[] {
  const ofUser = (request: SimRequest): SimAnswer =>
    context.tokens.maySee(request, undefined) ? list(context, undefined) : forbidden;
  return [
    { method: 'GET', template: '/user/api-keys', queryNames: ['search', 'include'], answer: ofUser },
    {
      method: 'GET',
      template: '/projects/{id}/api-keys',
      queryNames: ['include'],
      answer: (request) => withProject(context, request, ({ id }) => list(context, id)),
    },
  ];
}

function list({ tokens }: PacketContext, projectId: string | undefined): SimAnswer {
  const keys = tokens.all.filter((known) => known.projectId === projectId);
  const body = {
    api_keys: keys.map(({ token, isReadOnly = false }) => ({
      id: idOf(token),
      token,
      read_only: isReadOnly,
      description: isReadOnly ? 'reads' : 'works',
    })),
  };
  return { status: 200, body };
}

// A key has no number of its own here: its ID follows from its text.
function idOf(token: string): string {
  const digest = createHash('sha256').update(token).digest('hex');
  return `${digest.slice(0, 8)}-5eed-4000-8000-${digest.slice(8, 20)}`;
}
