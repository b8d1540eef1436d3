// A cloud for programs that run as processes: an HTTP server in the test that holds machines and balancers, and the provider that talks to
// it (acme-provider.ts). So a test sees the calls of all replicas in one place and decides what the cloud says.
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { aMachine } from '../testing/a-node.ts';
import { FakeLoadBalancers } from '../testing/fake-load-balancers.ts';

/** One call as the server got it; `replica` is what the program was told to call itself. */
export interface CloudCall {
  readonly call: string;
  readonly replica: string;
}

interface Question {
  readonly service?: KubeService;
  readonly services?: readonly KubeService[];
  readonly nodes?: readonly KubeNode[];
}

/** The server; every Node has a running machine of its name, unless it is in `gone`. */
export class CloudServer {
  readonly balancers = new FakeLoadBalancers();
  readonly calls: CloudCall[] = [];
  readonly gone = new Set<string>();
  /** Everything is refused with 500. */
  isDown = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        (answer) => response.end(JSON.stringify(answer ?? null)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Who has called since the beginning, without the pings of health checks. */
  replicas(): ReadonlySet<string> {
    return new Set(this.calls.filter(({ call }) => call !== 'ping').map(({ replica }) => replica));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const call = (request.url ?? '').slice(1);
    this.calls.push({ call, replica: String(request.headers['x-replica']) });
    if (this.isDown) throw new Error('the cloud is down');
    const question = JSON.parse((await bodyOf(request)) || '{}') as Question;
    return this.#work(call, question, new AbortController().signal);
  }

  #work(call: string, { service, services = [], nodes = [] }: Question, signal: AbortSignal): unknown {
    if (call === 'lookup') return nodes.map(({ metadata }) => this.#machine(metadata?.name ?? ''));
    if (call === 'orphans') return this.balancers.orphans(services);
    if (call === 'routes') return [];
    if (!service) return 'pong';
    if (call === 'ensure') return this.balancers.ensure(service, nodes, signal);
    return call === 'remove' ? this.balancers.remove(service, signal) : this.balancers.plan(service, nodes);
  }

  #machine(name: string): unknown {
    if (this.gone.has(name)) return [name, { state: 'gone' }];
    return [name, { state: 'running', metadata: aMachine({ providerId: `acme://${name}` }) }];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
