// The version of this program: for --version, the user agent and the manifests; a spec keeps it equal to package.json.

/** Without a leading v. */
export const VERSION = '0.1.0';

/** The image that the manifests name. */
export const IMAGE = `longshore/packet-ccm:v${VERSION}`;
