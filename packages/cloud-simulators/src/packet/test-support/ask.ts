// Asks a simulated Packet as a client on the wire does.
import type { PacketOptions, PacketSimulator } from '../simulate-packet.ts';
import { simulatePacket } from '../simulate-packet.ts';

/** An answer; a test looks only at what its route gives. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: T;
}

/** Errors in either form. */
export interface Errors {
  readonly error?: string;
  readonly errors?: readonly string[];
}

/** How to ask. */
export interface Asking {
  readonly body?: unknown;
  readonly token?: string;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks `GET /projects`. */
export async function ask<T = Errors>(
  at: { readonly url: string; readonly token: string },
  route: string,
  { body, token, raw, headers }: Asking = {},
): Promise<Answer<T>> {
  const [method = '', path = ''] = route.split(' ');
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await fetch(at.url + path, {
    method,
    headers: {
      'x-auth-token': token ?? at.token,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const got = await answer.text();
  const json = (/^[{[]/.test(got) ? JSON.parse(got) : {}) as T;
  return { status: answer.status, headers: answer.headers, text: got, json };
}

/** The simulators of a spec file; closed by `closeAll`. */
export class Running {
  #simulators: PacketSimulator[] = [];

  async start(options: PacketOptions = {}): Promise<PacketSimulator> {
    const simulator = await simulatePacket(options);
    this.#simulators.push(simulator);
    return simulator;
  }

  async closeAll(): Promise<void> {
    for (const simulator of this.#simulators) await simulator.close();
    this.#simulators = [];
  }
}
