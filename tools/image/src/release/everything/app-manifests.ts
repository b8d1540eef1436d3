// The manifests of a release: which file of an app becomes which, and what is different about it. One table for the files in the tree
// (tags only, because nobody has pushed the image yet) and for those that are published (tag and digest). Pure.
import { OperatorError, never } from '@longshore/reconciler-core';
import { APP_IMAGES, imageApps, imageRepository } from '../../app-names.ts';
import type { ImageApp } from '../../app-names.ts';

/** A file of an app and what a release makes of it. */
export interface ManifestSource {
  readonly app: ImageApp;
  /** Below the folder of the app. */
  readonly from: string;
  /** Where users find it: the paths of the READMEs, also those of the Go programs. */
  readonly to: (version: string) => string;
  /** Name among the files of the release; absent: it is none of them. */
  readonly asset?: (version: string) => string;
  /** Words of the comments that differ. */
  readonly words?: (version: string) => readonly (readonly [from: string, to: string])[];
}

const CONTROLLERS = 'releases/digitalocean-cloud-controller-manager';
const ADMISSION = 'releases/digitalocean-cloud-controller-manager-admission-server';
const asItIs = (app: ImageApp, file: string, asset?: string): ManifestSource => ({
  app,
  from: file,
  to: () => file,
  ...(asset && { asset: () => asset }),
});

/** What all apps release as files. provider-components.yaml of the cluster-api provider is generated. */
export const MANIFESTS: readonly ManifestSource[] = [
  {
    app: 'do-ccm',
    from: `${CONTROLLERS}/dev.yml`,
    to: (version) => `releases/v${version}.yml`,
    asset: (version) => `do-ccm-v${version}.yml`,
    words: (version) => [
      ['../token.yml', 'token.yml'],
      [`${CONTROLLERS}/dev.yml`, `releases/v${version}.yml`],
    ],
  },
  versioned('do-ccm', `${CONTROLLERS}/dev.yml`),
  versioned('do-ccm', `${ADMISSION}/dev.yml`, (version) => `do-ccm-admission-server-v${version}.yml`),
  versioned(
    'do-ccm',
    `${ADMISSION}/dev-without-cert-manager.yml`,
    (version) => `do-ccm-admission-server-v${version}-without-cert-manager.yml`,
  ),
  asItIs('do-ccm', 'releases/token.yml', 'do-ccm-token.yml'),
  asItIs('do-ccm', 'releases/validating-admission-policy.yml', 'do-ccm-validating-admission-policy.yml'),
  versioned('packet-ccm', 'releases/dev.yaml', (version) => `packet-ccm-v${version}.yaml`),
  asItIs('packet-ccm', 'v0.0.4/deployment.yaml'),
  asItIs('packet-ccm', 'v0.0.4/secret.yaml', 'packet-ccm-secret.yaml'),
  ...['setup', 'node', 'controller', 'node_controller_sanity_test', 'snapshot-classes', 'attributes-classes'].map(
    (name) => asItIs('csi-packet', `deploy/kubernetes/${name}.yaml`, `csi-packet-${name}.yaml`),
  ),
  asItIs('csi-packet', 'deploy/template/secret.yaml', 'csi-packet-secret.yaml'),
  ...['releases/latest/download/config.yml', ''].map((latest) => ({
    app: 'cloudscale-ccm' as const,
    from: 'deploy/latest.yml',
    to: (version: string) => latest || `releases/download/${version}/config.yml`,
    ...(latest && { asset: (version: string) => `cloudscale-ccm-${version}.yml` }),
    words: (version: string) =>
      [['kubectl apply -f deploy/latest.yml', `Version ${version}. kubectl apply -f config.yml`]] as const,
  })),
];

/** Where the generated manifest of the cluster-api provider goes. */
export const providerComponentsPath = (version: string): string => `releases/v${version}.yaml`;

/** The tag of an app's image. */
export function tagOf(app: ImageApp, version: string): string {
  return `${APP_IMAGES[app].tagPrefix}${version}`;
}

/** The name of an app's image with its tag. */
export function taggedImage(app: ImageApp, version: string, prefix?: string): string {
  return `${imageRepository(app, prefix)}:${tagOf(app, version)}`;
}

/** The text of a manifest in a release. */
export function renderManifest(
  { words = () => [] }: Pick<ManifestSource, 'words'>,
  text: string,
  { version, imageOf }: { readonly version: string; readonly imageOf: (app: ImageApp) => string },
): string {
  const said = words(version).reduce((now, [from, to]) => now.replace(from, to), text);
  return pinImages(said, imageOf);
}

/** Other names for the images of this project, whatever their tag; those of others stay. */
export function pinImages(text: string, imageOf: (app: ImageApp) => string): string {
  return text.replace(/^(\s*(?:- )?image: )longshore\/([\w-]+)[:@]\S+$/gm, (_, before: string, name: string) => {
    const app = imageApps.find((one) => one === name);
    if (app) return `${before}${imageOf(app)}`;
    const message = `a manifest names the image longshore/${name}, which no app has: add it to app-names.ts or correct the manifest`;
    throw new OperatorError('RELEASE_SETTINGS_INVALID', message, never);
  });
}

/** A Kustomize base that names the manifest of another version. */
export function renderBase(text: string, version: string): string {
  return text.replace(/releases\/v\d[\w.-]*?\.(ya?ml)/g, `releases/v${version}.$1`);
}

function versioned(app: ImageApp, from: string, asset?: (version: string) => string): ManifestSource {
  const to = (version: string): string => from.replace(/\/dev\b/, `/v${version}`);
  return { app, from, to, words: (version) => [[from, to(version)]], ...(asset && { asset }) };
}
