// The project's reservations, as one list that all Services share for a short while. What this process itself reserves and releases is
// added to it, so a burst of new Services costs one list; after an answer that was lost the list is read again.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { IpReservation, IpReservations, ProjectId, ReservationId } from '@longshore/packet-api';

/** Age up to which the list answers. */
export const LIST_MAX_AGE_MS = 10_000;

/** What the list is read with. */
export interface ReservationListOptions {
  readonly calls: Pick<IpReservations, 'list'>;
  readonly projectId: ProjectId;
  readonly clock: Clock;
}

interface Write {
  /** Absent: released. */
  readonly reservation?: IpReservation;
  readonly endedAtMs: number;
}

/** The list. */
export class ReservationList {
  readonly #clock: Clock;
  readonly #snapshot: Snapshot<readonly IpReservation[]>;
  readonly #writes = new Map<ReservationId, Write>();

  constructor({ calls, projectId, clock }: ReservationListOptions) {
    this.#clock = clock;
    this.#snapshot = new Snapshot({ clock, load: (signal) => calls.list(projectId, signal) });
  }

  /** All reservations. A list that fails is an error, never an empty list. */
  async all(signal: AbortSignal, maxAgeMs = LIST_MAX_AGE_MS): Promise<readonly IpReservation[]> {
    const { value, takenAtMs } = await this.#snapshot.get({ maxAgeMs, signal });
    for (const [id, { endedAtMs }] of this.#writes) if (endedAtMs < takenAtMs) this.#writes.delete(id);
    return this.#withWrites(value);
  }

  /** Reserved or changed, as the API answered. */
  put(reservation: IpReservation): void {
    this.#writes.set(reservation.id, { reservation, endedAtMs: this.#clock.monotonicMs() });
  }

  /** Released, as the API answered. */
  drop(id: ReservationId): void {
    this.#writes.set(id, { endedAtMs: this.#clock.monotonicMs() });
  }

  /** Nobody knows what a call did: the next question reads the list again. */
  invalidate(): void {
    this.#snapshot.invalidate();
  }

  #withWrites(list: readonly IpReservation[]): readonly IpReservation[] {
    if (this.#writes.size === 0) return list;
    const merged = new Map(list.map((one) => [one.id, one]));
    for (const [id, { reservation }] of this.#writes) {
      if (reservation === undefined) merged.delete(id);
      else merged.set(id, reservation);
    }
    return [...merged.values()];
  }
}
