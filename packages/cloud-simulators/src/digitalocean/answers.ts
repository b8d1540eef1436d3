// The forms that DigitalOcean's answers have in common: errors, empty answers, single objects, pages.
import type { SimAnswer } from '../exchange.ts';

const ERROR_IDS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  422: 'unprocessable_entity',
  429: 'too_many_requests',
  503: 'service_unavailable',
};

const ERROR_MESSAGES: Readonly<Record<number, string>> = {
  401: 'Unable to authenticate you',
  403: 'You are not authorized to perform this operation',
  404: 'The resource you requested could not be found.',
  429: 'API rate limit exceeded',
};

/** An error in the API's own form. */
export function refuse(
  status: number,
  message = ERROR_MESSAGES[status] ?? 'Server was unable to give you a response.',
): SimAnswer {
  return { status, body: { id: ERROR_IDS[status] ?? 'server_error', message } };
}

/** 404. */
export const notFound: SimAnswer = refuse(404);

/** 204. */
export const done: SimAnswer = { status: 204 };

/** 422 with the reason. */
export function unprocessable(message: string): SimAnswer {
  return refuse(422, message);
}

/** One object under its key. */
export function single(status: number, key: string, object: unknown): SimAnswer {
  return { status, body: { [key]: object } };
}
