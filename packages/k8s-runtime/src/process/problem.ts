// What a parse function returns instead of throwing: why the text is not a value. The caller adds where the text came from.

/** Why a text was refused, worded to follow the quoted text: `is not a duration; …`. */
export interface Problem {
  readonly problem: string;
}

/** Tells a refusal from a parsed value. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value && typeof value.problem === 'string';
}
