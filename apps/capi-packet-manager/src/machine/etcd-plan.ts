// Which member of etcd belongs to a machine that is gone. Pure. kubeadm names a member like its Node; one that was added and never started
// has no name yet and is known by its address.

/** A member, as etcd lists it. */
export interface EtcdMember {
  /** A 64-bit number, as text. */
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** The machine whose member has to go. */
export interface LostMember {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** The member to remove; `undefined` when there is none. */
export function memberOf(members: readonly EtcdMember[], lost: LostMember): EtcdMember | undefined {
  const named = members.find(({ name }) => name !== '' && name === lost.name);
  return named ?? members.find(({ name, peerUrls }) => name === '' && peerUrls.some((url) => isAt(url, lost)));
}

function isAt(url: string, { addresses }: LostMember): boolean {
  const host = URL.parse(url)?.hostname.replace(/^\[(.*)\]$/, '$1');
  return host !== undefined && addresses.includes(host);
}

/** Reads etcd's answer to a question for its members; what is no member is passed over. */
export function parseMembers(body: string): readonly EtcdMember[] {
  const { members } = JSON.parse(body) as { readonly members?: unknown };
  if (!Array.isArray(members)) return [];
  return members.flatMap((raw: unknown) => {
    const { ID, name, peerURLs } = (raw ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof ID !== 'string') return [];
    const peerUrls = Array.isArray(peerURLs) ? peerURLs.filter((url) => typeof url === 'string') : [];
    return [{ id: ID, name: typeof name === 'string' ? name : '', peerUrls }];
  });
}
