// What a failure of tagging means: about the things to be tagged (try them apart, do without), or about the API (try all again later). Pure.
import { CloudApiError } from '@longshore/cloud-http';
import { backoff, dispositionOf, messageOf, OperatorError } from '@longshore/reconciler-core';
import type { RefusedTarget } from './apply.ts';
import { namesOf } from './plan.ts';

/** The API has read the request and does not like what is in it. */
export function isTagRefused(error: unknown): boolean {
  return error instanceof CloudApiError && error.code === 'CLOUD_REJECTED';
}

/** The API says "not found" of a tag that it has just created: then it means one of the things. */
export function tagRefused(tag: string): OperatorError {
  return new OperatorError(
    'TAGS_NOT_SYNCED',
    `DigitalOcean does not find tag ${tag}, or what it shall be put on`,
    backoff,
  );
}

/** A round that did not reach its end. It is always tried again: no Service or Node has to change for it. */
export function roundFailed(tag: string, cause: unknown): OperatorError {
  const wanted = dispositionOf(cause);
  const disposition = wanted.retry === 'after' ? wanted : backoff;
  return new OperatorError('TAGS_NOT_SYNCED', `tag ${tag} could not be put on all: ${messageOf(cause)}`, disposition, {
    cause,
  });
}

/** A round that reached its end, but not everything. */
export function partsRefused(tag: string, refused: readonly RefusedTarget[]): OperatorError {
  const names = namesOf(refused.map(({ target }) => target));
  const cause = refused[0]?.error;
  const message = `tag ${tag} could not be put on ${names}; all others have it: ${messageOf(cause)}`;
  return new OperatorError('TAGS_NOT_SYNCED', message, backoff, { cause });
}
