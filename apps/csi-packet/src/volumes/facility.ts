// In which facility volumes are made: the one that is set, or the one that this machine stands in. Asked once; needed for making volumes
// only, so everything else works while it is not known.
import { isForbidden } from '@longshore/packet-api';
import type { Facility, MetadataService, PacketApi } from '@longshore/packet-api';
import { never, OperatorError, SingleFlight } from '@longshore/reconciler-core';
import type { StorageFacility } from './volumes.ts';

/** What is set, and whom to ask. */
export interface FacilityOptions {
  readonly api: Pick<PacketApi, 'catalog'>;
  readonly metadata: Pick<MetadataService, 'facility'>;
  readonly facilityId: string | undefined;
  /** Its code. */
  readonly facility: string | undefined;
}

/** The facility. */
export class FacilityChoice {
  readonly #options: FacilityOptions;
  readonly #asking = new SingleFlight<'facility', StorageFacility>();
  #known: StorageFacility | undefined;

  constructor(options: FacilityOptions) {
    this.#options = options;
  }

  /** As far as it is known. */
  get known(): StorageFacility | undefined {
    return this.#known;
  }

  /** Finds out. Rejects with an error of disposition `never` when volumes cannot be made there whatever happens. */
  async resolve(signal: AbortSignal): Promise<StorageFacility> {
    return this.#known ?? this.#asking.run('facility', () => this.#ask(signal));
  }

  async #ask(signal: AbortSignal): Promise<StorageFacility> {
    const { api, metadata, facilityId, facility } = this.#options;
    const wanted = facilityId ?? facility ?? (await metadata.facility(signal)).toLowerCase();
    try {
      this.#known = chooseFacility(wanted, await api.catalog.facilities(signal));
      return this.#known;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      const message = 'the API key may not read the facilities: use one that may';
      throw new OperatorError('CSI_FACILITY_UNUSABLE', message, never, { cause: error });
    }
  }
}

/** The facility of an ID or code among all; throws when it is none that has block storage. */
export function chooseFacility(wanted: string, facilities: readonly Facility[]): StorageFacility {
  const found = facilities.find(({ id, code }) => id === wanted || code === wanted);
  const usable = facilities.filter(({ features }) => features.includes('storage')).map(({ code }) => code);
  const remedy = `set facilityID (PACKET_FACILITY_ID) to one that has it: ${usable.join(', ') || 'there is none'}`;
  if (found === undefined) throw unusable(`there is no facility ${wanted}; ${remedy}`);
  if (!usable.includes(found.code)) throw unusable(`facility ${found.code} has no block storage; ${remedy}`);
  return { id: found.id, code: found.code };
}

function unusable(message: string): OperatorError {
  return new OperatorError('CSI_FACILITY_UNUSABLE', message, never);
}
