// Finds and ends BGP sessions that nothing needs (orphaned-sessions.ts decides which), for `orphans` and the report at the start. Before one
// is ended everything is read again, because lists are old the moment they are read.
import type { OrphanedBalancer, OrphanRemoval } from '@longshore/cloud-provider';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import type { Bgp, BgpSession, BgpSessionId, ProjectId } from '@longshore/packet-api';
import type { AnnotationKeys } from '../config.ts';
import type { NodeSelector } from './node-selector.ts';
import { orphansAmongSessions } from './orphaned-sessions.ts';
import type { OrphanedSession } from './orphaned-sessions.ts';

/** Options of SessionOrphans. */
export interface SessionOrphansOptions {
  readonly bgp: Pick<Bgp, 'sessionsOfProject' | 'session' | 'removeSession'>;
  readonly projectId: ProjectId;
  readonly selector: NodeSelector;
  readonly keys: AnnotationKeys;
  readonly client: Pick<KubeClient, 'list' | 'patch'>;
  /** Elastic IPs that programs like this one reserved for this cluster. */
  readonly ownAddresses: (signal: AbortSignal) => Promise<ReadonlySet<string>>;
}

const NAME = 'BGP session of device ';

/** Sessions that nothing needs. */
export class SessionOrphans {
  readonly #options: SessionOrphansOptions;

  constructor(options: SessionOrphansOptions) {
    this.#options = options;
  }

  /** All of them. Reads, never writes. */
  async list(signal: AbortSignal): Promise<readonly OrphanedBalancer[]> {
    const { bgp, projectId } = this.#options;
    const found = await this.#judge(await bgp.sessionsOfProject(projectId, signal), signal);
    return found.map(({ session, deviceId, reason }) => ({ id: session.id, name: NAME + deviceId, reason }));
  }

  /** Whether an orphan is one of these. */
  owns({ name }: OrphanedBalancer): boolean {
    return name.startsWith(NAME);
  }

  /** Ends the session, unless it is needed by now. The annotations go first: nobody shall announce over a session that ends. */
  async remove({ id }: OrphanedBalancer, signal: AbortSignal): Promise<OrphanRemoval> {
    const { bgp, client } = this.#options;
    const session = await bgp.session(id as BgpSessionId, signal);
    if (session === undefined) return { kind: 'removed' };
    const [orphan] = await this.#judge([session], signal);
    if (orphan === undefined) return { kind: 'kept', reason: 'it is needed by now' };
    if (orphan.node) {
      const body = { metadata: { annotations: orphan.node.patch } };
      const patch = { kind: 'merge', body } as const;
      await client.patch(nodeType, { name: orphan.node.name }, patch, { discardAnswer: true, signal });
    }
    await bgp.removeSession(session.id, signal);
    return { kind: 'removed' };
  }

  async #judge(sessions: readonly BgpSession[], signal: AbortSignal): Promise<readonly OrphanedSession[]> {
    const { selector, keys, ownAddresses } = this.#options;
    if (sessions.length === 0) return [];
    // After the sessions: a Node that came meanwhile keeps its own.
    const nodes = await this.#nodes(signal);
    return orphansAmongSessions(sessions, { nodes, selector, keys, ownAddresses: await ownAddresses(signal) });
  }

  async #nodes(signal: AbortSignal): Promise<readonly KubeNode[]> {
    return (await this.#options.client.list(nodeType, { signal })).items;
  }
}
