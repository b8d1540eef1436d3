// The life of a Node object: registered once, then its lease and its status are kept fresh. As a real kubelet it does not come back when
// somebody deletes the object, until the kubelet starts anew.
import { refusalOf } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { KubeletSettings } from './kubelet-settings.ts';
import { desiredLease, desiredNode, nodeStatus } from './node-object.ts';
import type { ApiObject, MachineFacts } from './node-object.ts';

const LEASE_MS = 10_000;
const STATUS_MS = 60_000;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** One Node, as its kubelet sees it. */
export class NodeLife {
  readonly #client: ApiClient;
  readonly #settings: KubeletSettings;
  readonly #facts: MachineFacts;
  #uid: string | undefined;
  #leaseAt = -Infinity;
  #statusAt = -Infinity;

  constructor(client: ApiClient, settings: KubeletSettings, facts: MachineFacts) {
    this.#client = client;
    this.#settings = settings;
    this.#facts = facts;
  }

  /** The object's uid, once it is registered. */
  get uid(): string | undefined {
    return this.#uid;
  }

  /** Registers the node if that has not been done. */
  async register(): Promise<void> {
    if (this.#uid !== undefined || !this.#settings.registersNode) return;
    const body = desiredNode(this.#settings, this.#facts, now());
    const made = await this.#client.call({ method: 'POST', path: '/api/v1/nodes', body });
    if (made.status !== 201 && made.status !== 409) throw new Error(`the Node was refused: ${refusalOf(made)}`);
    const found = made.status === 201 ? made : await this.#client.call({ method: 'GET', path: this.#path() });
    if (found.status !== 200 && found.status !== 201) throw new Error(`the Node cannot be read: ${refusalOf(found)}`);
    this.#uid = (found.body as ApiObject).metadata?.uid;
  }

  /** Renews what is due. */
  async beat(): Promise<void> {
    if (this.#uid === undefined) return;
    const nowMs = performance.now();
    if (nowMs - this.#leaseAt >= LEASE_MS) {
      await this.#renewLease(this.#uid);
      this.#leaseAt = nowMs;
    }
    if (nowMs - this.#statusAt >= STATUS_MS) {
      const status = nodeStatus(this.#settings, this.#facts, now());
      const path = `${this.#path()}/status`;
      const answer = await this.#client.call({ method: 'PATCH', path, body: { status } });
      if (answer.status !== 200) throw new Error(`the Node's status was refused: ${refusalOf(answer)}`);
      this.#statusAt = nowMs;
    }
  }

  async #renewLease(uid: string): Promise<void> {
    const lease = desiredLease(this.#settings.nodeName, uid, now());
    const patched = await this.#client.call({
      method: 'PATCH',
      path: `${LEASES}/${this.#settings.nodeName}`,
      body: { spec: lease.spec },
    });
    if (patched.status === 200) return;
    const made = await this.#client.call({ method: 'POST', path: LEASES, body: lease });
    if (made.status !== 201) throw new Error(`the lease was refused: ${refusalOf(made)}`);
  }

  #path(): string {
    return `/api/v1/nodes/${this.#settings.nodeName}`;
  }
}

function now(): string {
  return new Date().toISOString();
}
