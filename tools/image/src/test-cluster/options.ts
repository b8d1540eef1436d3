// What helpers/run-in-test-cluster and helpers/cleanup read from the environment. Pure.
import path from 'node:path';
import { MINORS, parseMinor } from '@longshore/embedded-control-plane';
import type { Minor } from '@longshore/embedded-control-plane';

const FLANNEL = 'https://github.com/flannel-io/flannel/releases/latest/download/kube-flannel.yml';

/** A cluster to be made, found or removed. */
export interface TestCluster {
  /** Where admin.conf and ssh go: k8test/cluster in the working folder. */
  readonly folder: string;
  readonly prefix: string;
  readonly minor: Minor;
  /** Of the private network of servers. */
  readonly subnet: string;
  readonly image: string;
  /** Whether the image is built here, or imported from ./image.tar. */
  readonly isBuilding: boolean;
  /** Manifest of the network plugin for servers: an address, a file, or `none`. */
  readonly networkPlugin: string;
  /** Absent: a control plane and a simulated cloud on this machine. */
  readonly account: { readonly token: string; readonly apiUrl: string } | undefined;
}

/** Parses the environment; a text says what is wrong. */
export function parseTestCluster(env: NodeJS.ProcessEnv, workingFolder: string): TestCluster | string {
  const setting = (name: string, otherwise: string): string => env[name]?.trim() || otherwise;
  const image = setting('IMAGE', 'longshore/cloudscale-ccm:test');
  const prefix = setting('CLUSTER_PREFIX', 'k8test');
  const subnet = setting('SUBNET', '10.100.1.0/24');
  const kubernetes = setting('KUBERNETES', 'latest');
  const minor = minorOf(kubernetes);
  const token = setting('CLOUDSCALE_API_TOKEN', '');
  if (!image.includes('/')) return `IMAGE="${image}" must contain a slash, for example longshore/cloudscale-ccm:test`;
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(prefix))
    return `CLUSTER_PREFIX="${prefix}": use lower-case letters, digits and hyphens`;
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(subnet)) return `SUBNET="${subnet}" is no IPv4 network such as 10.100.1.0/24`;
  if (!minor)
    return `KUBERNETES="${kubernetes}": use latest, one of ${MINORS.join(', ')} (or a patch of it), or 0, -1, -2 from the latest`;
  return {
    folder: path.resolve(workingFolder, 'k8test/cluster'),
    prefix,
    minor,
    subnet,
    image,
    isBuilding: setting('IMAGE_SOURCE', 'build') === 'build',
    networkPlugin: setting('NETWORK_PLUGIN', FLANNEL),
    account: token
      ? { token, apiUrl: apiUrlOf(setting('CLOUDSCALE_API_URL', 'https://api.cloudscale.ch')) }
      : undefined,
  };
}

function minorOf(text: string): Minor | undefined {
  if (text === 'latest') return MINORS.at(-1);
  if (/^(0|-\d)$/.test(text)) return MINORS.at(Number(text) - 1);
  return parseMinor(text.split('.').slice(0, 2).join('.'));
}

// With or without /v1 and slash, as the program takes it.
function apiUrlOf(text: string): string {
  return text.replace(/\/+$/, '').replace(/\/v1$/, '');
}
