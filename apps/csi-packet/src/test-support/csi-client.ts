// Clients of the services, made from the generated definitions, with promises instead of callbacks.
import { credentials, makeGenericClientConstructor, Metadata } from '@grpc/grpc-js';
import type { handleUnaryCall, ServiceDefinition } from '@grpc/grpc-js';
import { ControllerService, IdentityService, NodeService } from '../gen/csi.ts';
import type { ControllerServer, IdentityServer, NodeServer } from '../gen/csi.ts';
import { RegistrationService } from '../gen/pluginregistration.ts';
import type { RegistrationServer } from '../gen/pluginregistration.ts';

/** How a call is made. */
export interface CallOptions {
  readonly timeoutMs?: number;
}

type Methods<ServerInterface> = {
  [Name in keyof ServerInterface as string extends Name ? never : Name]: ServerInterface[Name] extends handleUnaryCall<
    infer Request,
    infer Response
  >
    ? (request: Partial<Request>, options?: CallOptions) => Promise<Response>
    : never;
};

/** All services of one socket. */
export interface CsiClient {
  readonly identity: Methods<IdentityServer>;
  readonly controller: Methods<ControllerServer>;
  readonly node: Methods<NodeServer>;
  readonly registration: Methods<RegistrationServer>;
  close(): void;
}

/** A client for a socket; connects at the first call. */
export function csiClient(target: string): CsiClient {
  const open: { close(): void }[] = [];
  const service = <T>(definition: ServiceDefinition): Methods<T> => {
    const Client = makeGenericClientConstructor(definition, 'service');
    const client = new Client(target, credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
    open.push(client);
    const calls: unknown = client;
    const entries = Object.keys(definition).map((name) => [name, promised(calls as Calls, name, definition)]);
    return Object.fromEntries(entries) as Methods<T>;
  };
  return {
    identity: service<IdentityServer>(IdentityService),
    controller: service<ControllerServer>(ControllerService),
    node: service<NodeServer>(NodeService),
    registration: service<RegistrationServer>(RegistrationService),
    close: () => open.forEach((client) => client.close()),
  };
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: object,
  done: (error: Error | null, value: unknown) => void,
) => void;

type Calls = Readonly<Record<string, Unary>>;

function promised(client: Calls, name: string, definition: ServiceDefinition) {
  const empty: unknown = definition[name]?.requestDeserialize(Buffer.alloc(0));
  return (request: object, { timeoutMs = 30_000 }: CallOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      client[name]?.({ ...(empty as object), ...request }, new Metadata(), options, (error, value) => {
        if (error === null) resolve(value);
        else reject(error);
      });
    });
}

/** The code of a call: 0 when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<number> {
  return (await outcomeOf(call)).code;
}

/** Code and text of a call. */
export async function outcomeOf(call: Promise<unknown>): Promise<{ readonly code: number; readonly details: string }> {
  try {
    await call;
    return { code: 0, details: '' };
  } catch (error) {
    const { code, details } = error as { readonly code?: number; readonly details?: string };
    if (code === undefined) throw error;
    return { code, details: details ?? '' };
  }
}
