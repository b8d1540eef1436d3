// All servers of the project, found by ID and name. Made once per list, used for thousands of Nodes.
import type { Server, ServerId } from '@longshore/cloudscale-api';

/** A list of servers that can be asked. */
export interface ServerIndex {
  readonly size: number;
  byId(id: ServerId): Server | undefined;
  /** The exact name, in its case. */
  byName(name: string): readonly Server[];
}

/** Makes an index. */
export function indexServers(servers: readonly Server[]): ServerIndex {
  const ids = new Map(servers.map((server) => [server.id, server]));
  const names = Map.groupBy(servers, ({ name }) => name);
  return { size: servers.length, byId: (id) => ids.get(id), byName: (name) => names.get(name) ?? [] };
}
