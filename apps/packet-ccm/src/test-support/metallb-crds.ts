// MetalLB’s CustomResourceDefinitions as small as they can be and still refuse what the real ones refuse: structural schemas of v1beta1 with the
// fields that are written here and some that users write.
const NUMBER = { type: 'integer', format: 'int64' } as const;
const TEXT = { type: 'string' } as const;
const BOOLEAN = { type: 'boolean' } as const;
const TEXTS = { type: 'array', items: TEXT } as const;
const LABELS = { type: 'object', additionalProperties: TEXT } as const;

const NODE_SELECTORS = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      matchLabels: LABELS,
      matchExpressions: {
        type: 'array',
        items: {
          type: 'object',
          required: ['key', 'operator', 'values'],
          properties: { key: TEXT, operator: TEXT, values: TEXTS },
        },
      },
    },
  },
} as const;

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly required: readonly string[];
  readonly properties: object;
}

const KINDS: readonly Kind[] = [
  {
    kind: 'IPAddressPool',
    plural: 'ipaddresspools',
    required: ['addresses'],
    properties: { addresses: TEXTS, autoAssign: BOOLEAN, avoidBuggyIPs: BOOLEAN },
  },
  {
    kind: 'BGPPeer',
    plural: 'bgppeers',
    required: ['myASN', 'peerASN', 'peerAddress'],
    properties: {
      myASN: { ...NUMBER, minimum: 0, maximum: 4_294_967_295 },
      peerASN: { ...NUMBER, minimum: 0, maximum: 4_294_967_295 },
      peerAddress: TEXT,
      peerPort: { ...NUMBER, minimum: 0, maximum: 16_384 },
      sourceAddress: TEXT,
      holdTime: TEXT,
      routerID: TEXT,
      password: { ...TEXT, maxLength: 80 },
      nodeSelectors: NODE_SELECTORS,
    },
  },
  {
    kind: 'BGPAdvertisement',
    plural: 'bgpadvertisements',
    required: [],
    properties: { ipAddressPools: TEXTS, localPref: NUMBER, communities: TEXTS },
  },
];

/** The definitions, ready to be created. */
export const METALLB_CRDS: readonly object[] = KINDS.map(({ kind, plural, required, properties }) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.metallb.io` },
  spec: {
    group: 'metallb.io',
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: { spec: { type: 'object', ...(required.length > 0 ? { required } : {}), properties } },
          },
        },
      },
    ],
  },
}));
