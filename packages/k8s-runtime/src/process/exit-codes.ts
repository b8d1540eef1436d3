// What a program's exit code means to whoever starts it.

/** `failure` = restart me; `unsupportedNode` = restarting changes nothing. */
export const exitCodes = { success: 0, failure: 1, unsupportedNode: 2 } as const;
