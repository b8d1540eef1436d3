// What is different about the three cloud controller managers: manifest, settings, simulated cloud, and how the Go program's manifest starts.
import { simulateCloudscale, simulateDigitalOcean, simulatePacket } from '@longshore/cloud-simulators';
import { version } from './images.ts';

/** A simulated cloud with one server, the cluster's node. */
export interface Cloud {
  readonly url: string;
  readonly token: string;
  /** Packet's. */
  readonly projectId?: string;
  /** What the Node's provider ID has to be. */
  readonly providerId: string;
  readonly schemaProblems: readonly object[];
  close(): Promise<void>;
}

/** An environment variable of a container. */
export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

/** How the published manifest of the Go program starts it: the image is the only thing that a test changes. */
export interface GoProgram {
  readonly command: readonly string[];
  readonly env: (cloud: Cloud) => readonly EnvVariable[];
  /** The Secret that is mounted at /etc/cloud-sa. */
  readonly mounts?: string;
}

/** One cloud controller manager. */
export interface Provider {
  readonly app: string;
  /** From the root of the source tree. */
  readonly manifest: string;
  readonly simulate: (host: string, nodeName: string) => Promise<Cloud>;
  readonly secrets: (
    cloud: Cloud,
  ) => readonly { readonly name: string; readonly data: Readonly<Record<string, string>> }[];
  /** What is set on the container beside what the manifest has: addresses of the simulated cloud. */
  readonly env: (cloud: Cloud) => readonly EnvVariable[];
  readonly go: GoProgram;
}

const tokenFrom = (name: string, variable: string): EnvVariable => ({
  name: variable,
  valueFrom: { secretKeyRef: { name, key: 'access-token' } },
});

const doEnv = ({ url }: Cloud): readonly EnvVariable[] => [
  { name: 'DO_OVERRIDE_URL', value: url },
  // The metadata service of a droplet says it.
  { name: 'REGION', value: 'fra1' },
];

const packetSettings = ({ token, projectId = '', url }: Cloud): Readonly<Record<string, string>> => ({
  apiKey: token,
  projectID: projectId,
  'base-url': url,
  metro: 'da',
  loadbalancer: 'empty://',
});

/** All of them. */
export const PROVIDERS: readonly Provider[] = [
  {
    app: 'do-ccm',
    manifest: `apps/do-ccm/releases/v${version}.yml`,
    async simulate(host: string, name: string): Promise<Cloud> {
      const cloud = await simulateDigitalOcean({ host, quota: 'off', timeToActiveMs: 300 });
      const { id } = cloud.addDroplet({ name });
      return Object.assign(cloud, { providerId: `digitalocean://${id}` });
    },
    secrets: ({ token }) => [{ name: 'digitalocean', data: { 'access-token': token } }],
    env: doEnv,
    go: {
      command: ['/bin/digitalocean-cloud-controller-manager', '--leader-elect=false'],
      env: (cloud) => [tokenFrom('digitalocean', 'DO_ACCESS_TOKEN'), ...doEnv(cloud)],
    },
  },
  {
    app: 'packet-ccm',
    manifest: `apps/packet-ccm/releases/v${version}.yaml`,
    async simulate(host: string, hostname: string): Promise<Cloud> {
      const cloud = await simulatePacket({ host, facility: 'da11', pathPrefix: '/metal/v1', quota: 'off' });
      const { id } = cloud.addDevice({ hostname });
      return Object.assign(cloud, { providerId: `packet://${id}` });
    },
    secrets: (cloud) => [
      { name: 'packet-cloud-config', data: packetSettings(cloud) },
      // The Go program of the last name reads one file.
      { name: 'metal-cloud-config', data: { 'cloud-sa.json': JSON.stringify(packetSettings(cloud)) } },
    ],
    env: () => [],
    go: {
      command: [
        './cloud-provider-equinix-metal',
        '--cloud-provider=equinixmetal',
        '--leader-elect=false',
        '--authentication-skip-lookup=true',
        '--cloud-config=/etc/cloud-sa/cloud-sa.json',
      ],
      env: () => [],
      mounts: 'metal-cloud-config',
    },
  },
  {
    app: 'cloudscale-ccm',
    manifest: `apps/cloudscale-ccm/releases/download/${version}/config.yml`,
    async simulate(host: string, name: string): Promise<Cloud> {
      const cloud = await simulateCloudscale({ host, timeToRunningMs: 300, dataPlaneMs: 0 });
      const { uuid } = cloud.addServer({ name });
      return Object.assign(cloud, { providerId: `cloudscale://${uuid}` });
    },
    secrets: ({ token }) => [{ name: 'cloudscale', data: { 'access-token': token } }],
    env: ({ url }) => [{ name: 'CLOUDSCALE_API_URL', value: url }],
    go: {
      command: [
        'cloudscale-cloud-controller-manager',
        '--allow-untagged-cloud',
        '--v=3',
        '--concurrent-service-syncs=2',
      ],
      env: ({ url }) => [
        { name: 'CLOUDSCALE_API_URL', value: url },
        tokenFrom('cloudscale', 'CLOUDSCALE_ACCESS_TOKEN'),
      ],
    },
  },
];
