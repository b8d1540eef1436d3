// The codes of gRPC that this program answers with, by the names of its specification. Numbers are those of the wire.

/** Code by name. */
export const CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Name of a code. */
export type CodeName = keyof typeof CODE;

const NAMES = new Map(Object.entries(CODE).map(([name, code]): [number, string] => [code, name]));

/** The name that metrics and logs show. */
export function codeName(code: number): string {
  return NAMES.get(code) ?? String(code);
}
