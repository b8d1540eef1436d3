// The forms that the API's answers have in common: objects of texts for errors, bare objects and arrays for everything else.
import type { SimAnswer } from '../exchange.ts';

const DETAILS: Readonly<Record<number, string>> = {
  401: 'Invalid token.',
  403: 'You do not have permission to perform this action.',
  404: 'Not found.',
  405: 'Method not allowed.',
  429: 'Request was throttled.',
  503: 'The API is currently under maintenance.',
};

/** An error as the API words it. */
export function refuse(status: number, detail = DETAILS[status] ?? 'Server error.'): SimAnswer {
  return { status, body: { detail } };
}

/** 400 that names a field. */
export function fieldError(field: string, message: string): SimAnswer {
  return { status: 400, body: { [field]: message } };
}

/** 404. */
export const notFound: SimAnswer = refuse(404);

/** 204: the answer to every PATCH and DELETE. */
export const done: SimAnswer = { status: 204 };

/** 200 with an object or an array. */
export function show(body: unknown): SimAnswer {
  return { status: 200, body };
}

/** 201 with the new object. */
export function created(body: unknown): SimAnswer {
  return { status: 201, body };
}
