// Turns services of this program (objects of async functions) into what grpc-js serves: gives each call a signal that ends in time, and
// maps everything that is thrown. Without it an async handler that throws would leave its caller hanging and end the process.
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { abortable, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { timeForCall } from './call-deadline.ts';
import { aborted } from './csi-error.ts';
import { isOwnFault, numberOf, statusOfError } from './status-of-error.ts';

/** What a handler gets besides the request. */
export interface CallContext {
  /** Aborts when the caller has gone or its time is nearly up. Work that must not stop half-way does not listen to it. */
  readonly signal: AbortSignal;
}

/** One handler. */
export type Handler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** The handlers of a service, typed by the server interface that ts-proto made for it. */
export type Handlers<ServerInterface> = {
  readonly [Name in keyof KnownMethods<ServerInterface>]: KnownMethods<ServerInterface>[Name] extends handleUnaryCall<
    infer Request,
    infer Response
  >
    ? Handler<Request, Response>
    : never;
};

// The generated interfaces extend one with an index signature, which would swallow all names.
type KnownMethods<ServerInterface> = {
  [Name in keyof ServerInterface as string extends Name ? never : Name]: ServerInterface[Name];
};

/** What serving needs. */
export interface UnaryOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Keeps secrets out of error texts. */
  readonly redact: (text: string) => string;
}

/** Handlers to an implementation for `Server.addService`; methods without a handler answer UNIMPLEMENTED. */
export function unaryService<ServerInterface>(
  handlers: Partial<Handlers<ServerInterface>>,
  options: UnaryOptions,
): UntypedServiceImplementation {
  const entries = Object.entries(handlers) as [string, Handler<unknown, unknown>][];
  return Object.fromEntries(entries.map(([name, handler]) => [name, serve(name, handler, options)]));
}

function serve(
  name: string,
  handler: Handler<unknown, unknown>,
  options: UnaryOptions,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    answer(call, handler, options).then(
      (response) => callback(null, response),
      (error: unknown) => refuse(name, error, { callback, options }),
    );
  };
}

function refuse(
  name: string,
  error: unknown,
  { callback, options }: { readonly callback: sendUnaryData<unknown>; readonly options: UnaryOptions },
): void {
  const status = statusOfError(error);
  if (isOwnFault(error)) options.log.error('a handler failed', { handler: name, error });
  callback({ code: numberOf(status), details: options.redact(status.details) });
}

async function answer(
  call: ServerUnaryCall<unknown, unknown>,
  handler: Handler<unknown, unknown>,
  { clock }: UnaryOptions,
): Promise<unknown> {
  const stop = new AbortController();
  const leave = (why: string): void => stop.abort(aborted(`${why}: repeat the call, it joins the work that goes on`));
  const limit = new AbortController();
  call.on('cancelled', () => leave('the caller has gone'));
  void sleep(clock, timeForCall(call.getDeadline(), clock.nowMs()), limit.signal).then(
    () => leave('not done before the deadline'),
    () => {},
  );
  try {
    // Handlers that wait for something deaf to the signal are left behind; what they do goes on.
    return await abortable(handler(call.request, { signal: stop.signal }), stop.signal);
  } finally {
    limit.abort();
  }
}
