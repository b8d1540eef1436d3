// The apps that have an image, and what is different about each of them. One table, so that `npm run image -- all`, the Containerfiles,
// the manifests' image names and the release take the same.

import { CSI_TOOLS } from './csi-tools.ts';
import type { ToolSet } from './csi-tools.ts';

/** Names of the app folders, as `npm run image -- NAME` takes them. */
export const imageApps = ['do-ccm', 'packet-ccm', 'cloudscale-ccm', 'csi-packet', 'capi-packet-manager'] as const;

/** An app with an image. */
export type ImageApp = (typeof imageApps)[number];

/** A path under which manifests of another program start this one, and the arguments that go before theirs. */
export interface StartPath {
  readonly path: string;
  readonly args?: readonly string[];
  /** Which of the app's programs, where it has several; else the first. */
  readonly program?: string;
}

/** What is particular about an image. */
export interface AppImage {
  /** What people call it, in the labels. */
  readonly title: string;
  /** Before the version in tags (docs/decisions/0011-tags-of-releases.md). */
  readonly tagPrefix: '' | 'v';
  /** Where the Go images have their binary (docs/decisions/0012-images-without-docker.md). */
  readonly startPaths: readonly StartPath[];
  /** Bundles of an app of several programs; the first is what the image starts, as main.js. */
  readonly programs?: readonly [string, ...string[]];
  /** Programs of others that it runs. */
  readonly tools?: ToolSet;
  /** It has to be root: else it is nobody. */
  readonly isRoot?: true;
}

/** Where the program is in an image; also its working folder, in which packet's manifests look for `./NAME`. */
export const APP_FOLDER = '/app';

/** One entry per app. */
export const APP_IMAGES: Readonly<Record<ImageApp, AppImage>> = {
  'do-ccm': {
    title: 'Cloud controller manager for DigitalOcean',
    tagPrefix: 'v',
    startPaths: [
      { path: '/bin/digitalocean-cloud-controller-manager' },
      { path: '/bin/digitalocean-cloud-controller-manager-admission-server', args: ['admission-server'] },
    ],
  },
  'packet-ccm': {
    title: 'Cloud controller manager for Packet (Equinix Metal)',
    tagPrefix: 'v',
    startPaths: [
      { path: `${APP_FOLDER}/packet-cloud-controller-manager` },
      { path: `${APP_FOLDER}/cloud-provider-equinix-metal` },
    ],
  },
  'cloudscale-ccm': {
    title: 'Cloud controller manager for cloudscale.ch',
    tagPrefix: '',
    startPaths: [{ path: '/usr/local/bin/cloudscale-cloud-controller-manager' }],
  },
  'csi-packet': {
    title: 'CSI driver for Packet block storage',
    tagPrefix: 'v',
    startPaths: [{ path: '/packet-cloud-storage-interface' }],
    tools: CSI_TOOLS,
    isRoot: true,
  },
  'capi-packet-manager': {
    title: 'Cluster API provider for Packet (Equinix Metal): manager and clusterctl',
    tagPrefix: 'v',
    startPaths: [{ path: '/manager' }, { path: '/clusterctl', program: 'clusterctl' }],
    programs: ['manager', 'clusterctl'],
  },
};

/** The file in APP_FOLDER that starts a program of an app; `main.js` for its only or first one. */
export function mainFileOf(app: ImageApp, program?: string): string {
  const isFirst = program === undefined || program === APP_IMAGES[app].programs?.[0];
  return isFirst ? 'main.js' : `${program}.js`;
}

/** The repository of an app's image as manifests name it: `longshore/do-ccm`, or below a registry of one's own. */
export function imageRepository(app: string, prefix = 'longshore'): string {
  return `${prefix.replace(/\/+$/, '')}/${app}`;
}

/** An app's name as typed, or undefined. */
export function parseApp(text: string): ImageApp | undefined {
  return imageApps.find((app) => app === text);
}
