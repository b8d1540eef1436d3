// One connection to a server, with one exchange at a time. It writes what it is given and passes on what comes; which connection carries
// which call is connection-pool.ts's matter, time limits and aborts are transport.ts's.
import type { Socket } from 'node:net';
import { AnswerParser } from './answer-parser.ts';
import type { AnswerHead } from './answer-parser.ts';

/** Who waits for one answer. After `onEnd` or `onFailure` nothing more comes. */
export interface Exchange {
  readonly method: string;
  /** The whole request, header and body. */
  readonly text: string;
  onHead(head: AnswerHead): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
  onFailure(error: Error): void;
}

/** Opens the socket; calls back once, at once or later, with a socket that may still be connecting, or with an error and what is left. */
export type OpenSocket = (done: (error: Error | undefined, socket?: Socket) => void) => void;

/** What becomes of a connection after an exchange. */
export interface ConnectionOwner {
  /** It can carry the next call. */
  onFree(connection: Connection): void;
  /** It is closed or of no use any more; called once. */
  onGone(connection: Connection): void;
}

const KEEP_ALIVE_MS = 30_000;
// Below the 90 s after which kube-apiserver closes idle connections, so that a request seldom meets a connection being closed.
const IDLE_MS = 60_000;

/** A socket, opened at once. */
export class Connection {
  readonly #owner: ConnectionOwner;
  readonly #connectedEvent: string;
  readonly #parser = new AnswerParser();
  readonly #whenConnected: (() => void)[] = [];
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #isConnected = false;
  #isGone = false;
  #failure = new Error('the connection was closed by this side');
  #answers = 0;

  constructor(open: OpenSocket, owner: ConnectionOwner, connectedEvent: 'connect' | 'secureConnect') {
    this.#owner = owner;
    this.#connectedEvent = connectedEvent;
    open((error, socket) => {
      if (error) this.#drop(error);
      if (socket) this.#adopt(socket);
    });
  }

  /** Whether it carried another call before the present one: its failure says little about the server. */
  get isReused(): boolean {
    return this.#answers > 0;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Calls back when the connection stands, TLS included; at once when it does. */
  onceConnected(callback: () => void): void {
    if (this.#isConnected) callback();
    else this.#whenConnected.push(callback);
  }

  /** Sends one request. The connection must be free; on one that could not be opened the exchange fails at once. */
  start(exchange: Exchange): void {
    if (this.#isGone) return exchange.onFailure(this.#failure);
    this.#exchange = exchange;
    this.#parser.expect(exchange.method, {
      onHead: (head) => exchange.onHead(head),
      onBody: (chunk) => exchange.onBody(chunk),
      onEnd: () => this.#finish(exchange),
    });
    if (!this.#socket) return;
    this.#socket.setTimeout(0);
    this.#socket.ref();
    this.#socket.write(exchange.text);
  }

  /** The reader cannot take more for now. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Closes at once; a running exchange fails. */
  destroy(): void {
    this.#drop(this.#failure);
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    if (this.#isGone) {
      socket.on('error', () => {}).destroy();
      return;
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#drop(error));
    socket.on('end', () => this.#closed());
    socket.on('close', () => this.#closed());
    socket.on('timeout', () => this.#drop(new Error('idle')));
    if (isConnected(socket)) this.#connected();
    else socket.once(this.#connectedEvent, () => this.#connected());
    if (this.#exchange) socket.write(this.#exchange.text);
  }

  #connected(): void {
    this.#isConnected = true;
    for (const callback of this.#whenConnected.splice(0)) callback();
  }

  #receive(bytes: Buffer): void {
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#drop(error as Error);
    }
  }

  #closed(): void {
    if (this.#isGone || (this.#exchange && this.#parser.close())) return;
    const message = 'the connection was closed before the answer was complete';
    this.#drop(Object.assign(new Error(message), { code: 'ECONNRESET' }));
  }

  #finish(exchange: Exchange): void {
    this.#answers += 1;
    this.#exchange = undefined;
    if (this.#parser.isKept && this.#socket && !this.#socket.readableEnded) {
      // An idle connection keeps no process alive and is closed after a while.
      this.#socket.setTimeout(IDLE_MS);
      this.#socket.unref();
      exchange.onEnd();
      this.#owner.onFree(this);
    } else {
      this.#drop(new Error('not kept'));
      exchange.onEnd();
    }
  }

  #drop(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#failure = error;
    this.#socket?.destroy();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.onGone(this);
    exchange?.onFailure(error);
  }
}

function isConnected(socket: Socket): boolean {
  return !socket.connecting && !(socket as Socket & { readonly secureConnecting?: boolean }).secureConnecting;
}
