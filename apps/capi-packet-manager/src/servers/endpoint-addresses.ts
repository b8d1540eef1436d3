// The elastic IP of each cluster. It is known by two tags, the cluster's name and its namespace, so clusters of one name do not share one.
// Reserved once: after a lost answer it is looked for, and not asked for again before the settling time is over.
import { KeyedLock, messageOf, onChange, OperatorError, retryAfter } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { CloudApiError } from '@longshore/cloud-http/parts';
import type {
  AssignmentReference,
  DeviceId,
  IpReservation,
  PacketApi,
  ProjectId,
  ReservationId,
} from '@longshore/packet-api';
import type { EndpointAddresses, ServerOwner } from './contract.ts';
import { CredentialGate } from './credential-gate.ts';
import { isMetro } from './server-orders.ts';
import { clusterNameProblem, clusterTags } from './tags.ts';

/** What endpoint addresses are made with. */
export interface PacketEndpointAddressesOptions {
  readonly api: Pick<PacketApi, 'reservations' | 'assignments'>;
  readonly clock: Clock;
  /** Shared with whatever else uses the key. */
  readonly gate?: CredentialGate;
  /** Default 60 s. */
  readonly settlingMs?: number;
}

type Wish = Parameters<EndpointAddresses['ensure']>[0];
type Address = Awaited<ReturnType<EndpointAddresses['ensure']>>;

/** The elastic IPs of an account's clusters. */
export class PacketEndpointAddresses implements EndpointAddresses {
  readonly #api: PacketEndpointAddressesOptions['api'];
  readonly #clock: Clock;
  readonly #gate: CredentialGate;
  readonly #settlingMs: number;
  readonly #lock = new KeyedLock<string>();
  /** When the answer to a reservation was lost, by cluster; monotonic. */
  readonly #doubts = new Map<string, number>();

  constructor({
    api,
    clock,
    gate = new CredentialGate({ clock }),
    settlingMs = 60_000,
  }: PacketEndpointAddressesOptions) {
    this.#api = api;
    this.#clock = clock;
    this.#gate = gate;
    this.#settlingMs = settlingMs;
  }

  async ensure(wish: Wish, signal: AbortSignal): Promise<Address> {
    const problem = clusterNameProblem(wish.owner);
    if (problem !== undefined) throw new OperatorError('CLUSTER_NAME_TOO_LONG', problem, onChange);
    return this.#lock.run(keyOf(wish), () => this.#ensure(wish, signal), signal);
  }

  async assign(reservationId: ReservationId, address: string, deviceId: DeviceId, signal: AbortSignal): Promise<void> {
    const { reservations, assignments } = this.#api;
    const reservation = await this.#gate.run(() => reservations.get(reservationId, signal));
    if (reservation === undefined) {
      const message = `the elastic IP ${address} is no longer the project's: it is found or reserved anew`;
      throw new OperatorError('ENDPOINT_ADDRESS_GONE', message, retryAfter(1000));
    }
    const present = assignmentOf(reservation, address);
    if (present?.deviceId === deviceId) return;
    if (present !== undefined) await this.#gate.run(() => assignments.unassign(present.id, signal));
    await this.#gate.run(() => assignments.assign(deviceId, { address }, signal));
  }

  async release(owner: ServerOwner['cluster'], projectId: ProjectId, signal: AbortSignal): Promise<void> {
    const { reservations, assignments } = this.#api;
    for (const reservation of await this.#own({ owner, projectId }, signal)) {
      for (const { id } of reservation.assignments) await this.#gate.run(() => assignments.unassign(id, signal));
      await this.#gate.run(() => reservations.release(reservation.id, signal));
    }
    const doubtMs = this.#doubts.get(keyOf({ owner, projectId }));
    // An address whose reservation is still in doubt would be left behind.
    if (doubtMs !== undefined) this.#waitForDoubt(doubtMs, owner);
  }

  async #ensure(wish: Wish, signal: AbortSignal): Promise<Address> {
    const found = chooseReservation(await this.#own(wish, signal));
    const reservation = found ?? (await this.#reserve(wish, signal));
    this.#doubts.delete(keyOf(wish));
    const { address, state } = reservation;
    if (address === undefined) {
      const message = `the elastic IP of cluster ${nameOf(wish.owner)} is "${state ?? 'unknown'}": the project's quota of addresses is used up, ask for more or release one`;
      throw new OperatorError('ENDPOINT_ADDRESS_PENDING', message, retryAfter(60_000));
    }
    const assignedTo = assignmentOf(reservation, address)?.deviceId;
    return { address, reservationId: reservation.id, ...(assignedTo === undefined ? {} : { assignedTo }) };
  }

  async #reserve(wish: Wish, signal: AbortSignal): Promise<IpReservation> {
    const doubtMs = this.#doubts.get(keyOf(wish));
    if (doubtMs !== undefined) this.#waitForDoubt(doubtMs, wish.owner);
    const { facility, owner, projectId } = wish;
    const place = isMetro(facility) ? { metro: facility } : { facility };
    const details = `API endpoint of cluster ${nameOf(owner)}`;
    const order = { type: 'public_ipv4', quantity: 1, ...place, details, tags: clusterTags(owner) } as const;
    try {
      return await this.#gate.run(() => this.#api.reservations.reserve(projectId, order, signal));
    } catch (error) {
      if (isRefusal(error)) throw error;
      this.#doubts.set(keyOf(wish), this.#clock.monotonicMs());
      signal.throwIfAborted();
      const found = chooseReservation(await this.#own(wish, signal));
      if (found !== undefined) return found;
      throw inDoubt(owner, this.#settlingMs / 6, messageOf(error));
    }
  }

  #waitForDoubt(sinceMs: number, owner: ServerOwner['cluster']): void {
    const leftMs = sinceMs + this.#settlingMs - this.#clock.monotonicMs();
    if (leftMs > 0) throw inDoubt(owner, Math.min(leftMs, this.#settlingMs / 6), 'it is in no list yet');
  }

  async #own(
    { owner, projectId }: Pick<Wish, 'owner' | 'projectId'>,
    signal: AbortSignal,
  ): Promise<readonly IpReservation[]> {
    const all = await this.#gate.run(() => this.#api.reservations.list(projectId, signal));
    const tags = clusterTags(owner);
    return all.filter((one) => one.family === 4 && tags.every((tag) => one.tags.includes(tag)));
  }
}

/** The reservation that stays when there are several: one with an address, then one in use, then the oldest. */
export function chooseReservation(reservations: readonly IpReservation[]): IpReservation | undefined {
  const rank = ({ address, assignments, createdAt = '', id }: IpReservation): string =>
    [address === undefined ? 1 : 0, assignments.length === 0 ? 1 : 0, createdAt, id].join(' ');
  return reservations.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

function assignmentOf({ assignments }: IpReservation, address: string): AssignmentReference | undefined {
  // A block of one address has one assignment; its address is only told when assignments come whole.
  return assignments.find((one) => one.address === address || one.address === undefined);
}

function isRefusal(error: unknown): boolean {
  return error instanceof CloudApiError && !error.isLostAnswer && error.status !== undefined;
}

function inDoubt(owner: ServerOwner['cluster'], forMs: number, reason: string): OperatorError {
  const message = `whether an elastic IP was reserved for cluster ${nameOf(owner)} is not known yet, so no other is reserved: ${reason}`;
  return new OperatorError('ENDPOINT_ADDRESS_IN_DOUBT', message, retryAfter(forMs));
}

function nameOf({ namespace, name }: ServerOwner['cluster']): string {
  return `${namespace}/${name}`;
}

function keyOf({ owner, projectId }: Pick<Wish, 'owner' | 'projectId'>): string {
  return `${projectId}/${nameOf(owner)}`;
}
