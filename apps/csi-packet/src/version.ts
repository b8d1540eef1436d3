// The version of this program: for --version, the user agent and the manifests; a spec keeps it equal to package.json.

/** Without a leading v. */
export const VERSION = '0.1.0';
