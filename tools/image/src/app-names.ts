// The apps that have an image. One place, so that `npm run image -- all` and the release take the same ones.

/** Names of the app folders, as `npm run image -- NAME` takes them. */
export const imageApps = ['do-ccm', 'packet-ccm', 'cloudscale-ccm'] as const;
