// The forms that the Packet API's answers have in common. Errors come in two: `{"error": "…"}` and `{"errors": ["…"]}`.
import type { SimAnswer } from '../exchange.ts';

const OH_SNAP =
  "Oh snap, something went wrong! We've logged the error and will take a look - please reach out to us if you continue having trouble.";

const ERRORS: Readonly<Record<number, object>> = {
  401: { error: 'Invalid authentication token' },
  403: { errors: ['You are not authorized to view this object'] },
  404: { errors: ['Not found'] },
  429: { error: 'Too many requests, please try again later' },
  500: { errors: [OH_SNAP] },
  503: { errors: ['The service is temporarily unavailable, please try again later'] },
};

/** An error in the API's own form. */
export function refuse(status: number, message?: string): SimAnswer {
  if (message !== undefined) return { status, body: { errors: [message] } };
  return { status, body: ERRORS[status] ?? { errors: [`Error ${status}`] } };
}

/** 404. */
export const notFound: SimAnswer = refuse(404);

/** 403 for what belongs to somebody else. */
export const forbidden: SimAnswer = refuse(403);

/** 204. */
export const done: SimAnswer = { status: 204 };

/** 422 with the reasons. */
export function unprocessable(...messages: readonly string[]): SimAnswer {
  return { status: 422, body: { errors: messages } };
}
