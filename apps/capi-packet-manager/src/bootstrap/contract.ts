// What a machine needs to become part of a cluster, and how the keys behind it are kept. Knows neither Packet nor cluster.k8s.io/v1alpha1.

/** A certificate and its key, PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** All that control plane machines of one cluster share (`/etc/kubernetes/pki`). */
export interface ClusterKeys {
  readonly ca: CertificatePair;
  readonly etcdCa: CertificatePair;
  readonly frontProxyCa: CertificatePair;
  /** `sa.pub`, `sa.key`. */
  readonly serviceAccount: { readonly publicPem: string; readonly keyPem: string };
}

/** What every machine of the cluster is told. */
export interface ClusterFacts {
  readonly name: string;
  readonly serviceDomain: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** `host:port` of the API server; absent while the first master is its own endpoint. */
  readonly endpoint?: string;
  /** An elastic IP: bound to the loopback interface of control plane machines. */
  readonly elasticIp?: string;
}

/** What this machine is told. */
export interface MachineFacts {
  readonly namespace: string;
  /** Machine name = host name = Node name. */
  readonly name: string;
  readonly image: string;
  readonly versions: { readonly kubelet: string; readonly controlPlane?: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** Control plane that takes pods too (roles Master and Node). */
  readonly isSchedulable: boolean;
}

/** How it becomes part of the cluster. `token` is `abcdef.0123456789abcdef`. */
export type Entrance =
  | { readonly kind: 'init'; readonly keys: ClusterKeys; readonly token: string; readonly tokenExpiresAt: string }
  | { readonly kind: 'join'; readonly token: string; readonly caCertHash: string }
  | {
      readonly kind: 'join-control-plane';
      readonly token: string;
      readonly caCertHash: string;
      readonly keys: ClusterKeys;
    };
