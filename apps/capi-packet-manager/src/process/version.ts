// The version of the programs of this app: for --version and the user agents; a spec keeps it equal to package.json.

/** Without a leading v. */
export const VERSION = '0.1.0';
