// Keep-alive connections, one pool per TLS material. Watches have a pool of their own: each holds its connection for minutes and must not
// take one from the calls. A pool whose material was replaced lets its running calls end and drops its idle connections.
import type { TlsMaterial } from '../credentials.ts';
import { Connection } from './connection.ts';
import type { OpenSocket } from './connection.ts';
import { socketOpener } from './open-socket.ts';
import type { SocketTarget } from './open-socket.ts';

/** What a connection is for. */
export type ConnectionUse = 'calls' | 'streams';

/** Called with the connection, once. */
export type OnConnection = (connection: Connection) => void;

const MOST_CALLS = 64;

/** Connections of one identity for one use. */
export class ConnectionPool {
  readonly #open: OpenSocket;
  readonly #connectedEvent: 'connect' | 'secureConnect';
  readonly #most: number;
  readonly #all = new Set<Connection>();
  /** The one used last is at the end and is used first: the others become idle enough to be closed. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<OnConnection>();
  #isRetired = false;

  constructor(open: OpenSocket, options: { readonly isTls: boolean; readonly most: number }) {
    this.#open = open;
    this.#connectedEvent = options.isTls ? 'secureConnect' : 'connect';
    this.#most = options.most;
  }

  /** Gives a free connection, at once or when there is one; the result gives up waiting. */
  take(onConnection: OnConnection): () => void {
    const idle = this.#idle.pop();
    if (idle) onConnection(idle);
    else if (this.#all.size < this.#most) onConnection(this.#connect());
    else this.#waiting.add(onConnection);
    return () => this.#waiting.delete(onConnection);
  }

  /** Lets running calls end; keeps nothing afterwards. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    this.#isRetired = true;
    for (const connection of this.#all) connection.destroy();
  }

  #connect(): Connection {
    const connection = new Connection(this.#open, this, this.#connectedEvent);
    // One that failed at once is nobody's: its exchange learns of it when it starts.
    if (!connection.isGone) this.#all.add(connection);
    return connection;
  }

  onFree(connection: Connection): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next(connection);
    } else if (this.#isRetired) {
      connection.destroy();
    } else {
      this.#idle.push(connection);
    }
  }

  onGone(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const [next] = this.#waiting;
    if (!next || this.#all.size >= this.#most) return;
    this.#waiting.delete(next);
    next(this.#connect());
  }
}

type Pools = Readonly<Record<ConnectionUse, ConnectionPool>>;

/** Finds the pool for a request. */
export class ConnectionPools {
  readonly #target: SocketTarget;
  readonly #pools = new WeakMap<TlsMaterial, Pools>();
  readonly #last = new Map<string, { readonly material: TlsMaterial; readonly pools: Pools }>();

  constructor(target: SocketTarget) {
    this.#target = target;
  }

  /** `owner` names the identity, so that new material of one identity retires only its own old connections. Throws as `socketOpener` does. */
  poolFor(material: TlsMaterial, use: ConnectionUse, owner: string): ConnectionPool {
    const known = this.#pools.get(material);
    if (known) return known[use];
    const open = socketOpener(this.#target, material);
    const { isTls } = this.#target;
    const pools = {
      calls: new ConnectionPool(open, { isTls, most: MOST_CALLS }),
      streams: new ConnectionPool(open, { isTls, most: Infinity }),
    };
    this.#pools.set(material, pools);
    const old = this.#last.get(owner);
    if (old) Object.values(old.pools).forEach((pool) => pool.retire());
    this.#last.set(owner, { material, pools });
    return pools[use];
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    for (const { pools } of this.#last.values()) Object.values(pools).forEach((pool) => pool.destroy());
  }
}
