// Schema of Cluster. Nothing of the network is required here: the controller reports all that is missing at once, as a condition, and a
// Cluster that the API server refused could have none.
import { integer, list, object, openObject, text, texts } from './schema.ts';
import type { Schema } from './schema.ts';
import { conditions, errors, paused, providerSpec } from './shared-fields.ts';

const blocks = (what: string): Schema =>
  object(`Addresses of ${what}.`, {
    cidrBlocks: texts('Blocks, such as 172.26.0.0/16: at most one of IPv4 and one of IPv6.'),
  });

/** `spec` of a Cluster. */
export const clusterSpec: Schema = object('What the cluster is to be.', {
  clusterNetwork: object('Networks inside the cluster. They cannot be changed later.', {
    services: blocks('Services'),
    pods: blocks('pods'),
    serviceDomain: text('DNS domain of Services, such as cluster.local.'),
  }),
  providerSpec: providerSpec('PacketClusterProviderSpec'),
  paused: paused('nothing of the cluster, its machines, sets and deployments is changed'),
});

/** `status` of a Cluster. */
export const clusterStatus: Schema = object(
  'What became of it. Can be rebuilt from the spec, the cloud and the Secrets.',
  {
    apiEndpoints: list('Where its API server is reached.', {
      type: 'object',
      required: ['host', 'port'],
      properties: { host: text('Address or name.'), port: integer('Port.') },
    }),
    ...errors('Cluster'),
    providerStatus: openObject('A PacketClusterProviderStatus.'),
    conditions,
  },
);
