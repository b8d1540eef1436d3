// Where the address of a Service is reserved. Pure. The order is that of the Go program's code (its README has another): annotation of the
// Service before setting, metro before facility.
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { keyOfAnnotation } from '../annotations.ts';
import type { RenamedKeys, Settings } from '../annotations.ts';

/** A place, as the API takes it: only one of the two is set. */
export type PlaceWish =
  { readonly metro: string; readonly facility?: undefined } | { readonly facility: string; readonly metro?: undefined };

/** The places of the configuration. */
export interface DefaultPlace {
  readonly metro: string | undefined;
  readonly facility: string | undefined;
}

/** The place; `undefined` when nothing names one. */
export function chosenPlace(settings: Settings, usual: DefaultPlace): PlaceWish | undefined {
  if (settings.metro !== undefined) return { metro: settings.metro };
  if (settings.facility !== undefined) return { facility: settings.facility };
  if (usual.metro !== undefined) return { metro: usual.metro };
  return usual.facility === undefined ? undefined : { facility: usual.facility };
}

/** What is said when nothing names a place. */
export function placeMissing(keys: RenamedKeys): OperatorError {
  const message =
    `no metro or facility for the elastic IP: set annotation ${keyOfAnnotation('metro', keys)} or ` +
    `${keyOfAnnotation('facility', keys)} of the Service, or METAL_METRO_NAME or METAL_FACILITY_NAME of the program`;
  return new OperatorError('ELASTIC_IP_PLACE_MISSING', message, onChange);
}
