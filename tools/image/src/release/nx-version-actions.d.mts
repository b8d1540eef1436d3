// Types of what specs use of nx-version-actions.mjs.
/** The lock file with this version for all workspaces and what they say of one another. */
export function lockWith(text: string, version: string): string;
/** The text of a package.json with another version of its own. */
export function replaceVersion(text: string, version: string): string;
