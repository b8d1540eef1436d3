// One listening gRPC server: takes its socket, serves until it is told to stop, lets running calls finish, removes the socket.
import { chmod } from 'node:fs/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerInterceptor, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { messageOf, never, OperatorError, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { listenTarget } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { prepareSocketPath } from './socket-file.ts';

/** A service and what answers it. */
export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Options of a GrpcServer. */
export interface GrpcServerOptions {
  readonly endpoint: Endpoint;
  readonly services: readonly ServedService[];
  readonly interceptors: readonly ServerInterceptor[];
  readonly clock: Clock;
  readonly log: Logger;
}

// Owner and group: sidecars may run as another user of the pod's group.
const SOCKET_MODE = 0o660;

/** The server. */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #server: Server;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    // Channelz stays on although nobody can ask for it: without its books, forceShutdown of grpc-js 1.14 finds no connection to cut.
    this.#server = new Server({ interceptors: [...options.interceptors] });
    for (const { definition, implementation } of options.services) this.#server.addService(definition, implementation);
  }

  /** Takes the socket; calls are answered from then on. Resolves with the port of a TCP endpoint. */
  async listen(): Promise<number> {
    const { endpoint, log } = this.#options;
    if (endpoint.kind === 'unix') await prepareSocketPath(endpoint.path);
    const port = await this.#bind(endpoint);
    if (endpoint.kind === 'unix') await chmod(endpoint.path, SOCKET_MODE);
    log.info('listening', { endpoint: listenTarget(endpoint) });
    return port;
  }

  /** No new calls; those that run may finish for `graceMs`, then they are cut. */
  async stop(graceMs: number): Promise<void> {
    const done = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    const limit = new AbortController();
    const late = sleep(this.#options.clock, graceMs, limit.signal).then(
      () => this.#server.forceShutdown(),
      () => {},
    );
    await Promise.race([done, late]);
    limit.abort();
  }

  #bind(endpoint: Endpoint): Promise<number> {
    const target = listenTarget(endpoint);
    return new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(new OperatorError('CSI_SOCKET_UNUSABLE', `cannot listen on ${target}: ${messageOf(error)}`, never));
      });
    });
  }
}
