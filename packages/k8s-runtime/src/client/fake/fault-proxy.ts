// A plain-HTTP proxy in front of a real API server that misbehaves on demand: for tests of informers and clients. It works on requests
// and connections, so a test can refuse one kind of call, cut streams in the middle of a line, or let a connection die without a word.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A prepared answer, or a delay, for requests that match. */
export interface ProxyRule {
  /** Matched against `METHOD /path?query`. */
  readonly match: RegExp;
  /** How often; for ever if absent. */
  readonly times?: number;
  /** Answer instead of the API server's. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Pause before each piece of the answer is passed on. */
  readonly delayMs?: number;
  /** Pass the request on, then close the connection instead of answering. */
  readonly loseAnswer?: boolean;
}

/** A running proxy. */
export interface FaultProxy {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** `METHOD /path?query` of all requests so far. */
  readonly requests: readonly string[];
  /** Connections that were made so far. */
  readonly connections: number;
  add(rule: ProxyRule): void;
  clear(): void;
  /** Only this bearer token is let through; others get 401. Undefined lets all through. */
  accept(token: string | undefined): void;
  /** Breaks open watches, in the middle of a line if data was flowing. */
  cutWatches(): void;
  /** Ends open watches in the regular way. */
  endWatches(): void;
  /** Open watches get nothing any more, not even an end: what a vanished machine looks like. */
  freezeWatches(): void;
  /** Passes a line on to all open watches, as if the server had sent it. */
  injectLine(line: string): void;
  /** Refuses connections until `heal`. */
  goDown(): Promise<void>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** What the proxy leads to. */
export interface FaultProxyTarget {
  readonly server: string;
  readonly ca: string;
  /** Sent instead of the client's token. */
  readonly token: string;
}

interface ArmedRule extends ProxyRule {
  left: number;
}

interface OpenWatch {
  readonly answer: http.ServerResponse;
  isFrozen: boolean;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startFaultProxy(target: FaultProxyTarget): Promise<FaultProxy> {
  const proxy = new Proxy(target);
  await proxy.heal();
  return proxy;
}

class Proxy implements FaultProxy {
  readonly requests: string[] = [];
  connections = 0;
  readonly #target: FaultProxyTarget;
  readonly #agent: https.Agent;
  readonly #watches = new Set<OpenWatch>();
  readonly #sockets = new Set<Socket>();
  #rules: ArmedRule[] = [];
  #accepted: string | undefined;
  #server: http.Server | undefined;
  #port = 0;

  constructor(target: FaultProxyTarget) {
    this.#target = target;
    this.#agent = new https.Agent({ keepAlive: true, ca: target.ca });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  add(rule: ProxyRule): void {
    this.#rules.push({ ...rule, left: rule.times ?? Infinity });
  }

  clear(): void {
    this.#rules = [];
  }

  accept(token: string | undefined): void {
    this.#accepted = token;
  }

  cutWatches(): void {
    for (const { answer } of this.#watches) {
      answer.write('{"type":"MODI');
      answer.socket?.destroySoon();
    }
    this.#watches.clear();
  }

  endWatches(): void {
    for (const { answer } of this.#watches) answer.end();
    this.#watches.clear();
  }

  freezeWatches(): void {
    for (const watch of this.#watches) watch.isFrozen = true;
  }

  injectLine(line: string): void {
    for (const { answer } of this.#watches) answer.write(`${line}\n`);
  }

  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  async heal(): Promise<void> {
    if (this.#server) return;
    const server = http.createServer((request, answer) => void this.#serve(request, answer));
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await this.goDown();
    this.#agent.destroy();
  }

  async #serve(request: http.IncomingMessage, answer: http.ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const rule = this.#ruleFor(line, request.headers.authorization);
    if (rule?.status !== undefined) {
      answer.writeHead(rule.status, { 'content-type': 'application/json', ...rule.headers }).end(rule.body ?? '');
      return;
    }
    this.#passOn(request, answer, { body: Buffer.concat(chunks), rule });
  }

  #ruleFor(line: string, authorization: string | undefined): ProxyRule | undefined {
    if (this.#accepted !== undefined && authorization !== `Bearer ${this.#accepted}`)
      return { match: /./, status: 401 };
    const rule = this.#rules.find(({ match, left }) => left > 0 && match.test(line));
    if (rule) rule.left -= 1;
    return rule;
  }

  #passOn(
    request: http.IncomingMessage,
    answer: http.ServerResponse,
    { body, rule }: { body: Buffer; rule: ProxyRule | undefined },
  ): void {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const upstream = https.request(this.#target.server + (request.url ?? ''), {
      method: request.method,
      agent: this.#agent,
      headers: { ...headers, authorization: `Bearer ${this.#target.token}` },
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    upstream.on('response', (response) => {
      if (rule?.loseAnswer) return void answer.destroy();
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      const watch = this.#register(request, answer);
      response.on('error', () => answer.destroy());
      void relay(response, answer, () => watch?.isFrozen === true, rule?.delayMs ?? 0);
    });
    upstream.end(body);
  }

  #register(request: http.IncomingMessage, answer: http.ServerResponse): OpenWatch | undefined {
    if (!request.url?.includes('watch=true')) return undefined;
    const watch = { answer, isFrozen: false };
    this.#watches.add(watch);
    answer.on('close', () => this.#watches.delete(watch));
    return watch;
  }
}

async function relay(
  response: http.IncomingMessage,
  answer: http.ServerResponse,
  isFrozen: () => boolean,
  delayMs: number,
): Promise<void> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (!isFrozen()) pieces(chunk, delayMs > 0 ? 700 : chunk.length).forEach((piece) => answer.write(piece));
    }
    if (!isFrozen()) answer.end();
  } catch {
    answer.destroy();
  }
}

// Slow connections also deliver lines in parts.
function pieces(chunk: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(chunk.length / size) }, (_, index) =>
    chunk.subarray(index * size, (index + 1) * size),
  );
}
