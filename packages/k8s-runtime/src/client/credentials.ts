// Who we are towards the API server: headers and TLS material, read again when files or tokens change. Implementations:
// file-credentials.ts (kubeconfig, service account folder), client-node-credentials.ts (plugins), service-account-client.ts.

/** Bytes for the TLS connection. A new object means new bytes: connections are pooled per object. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name to check the server's certificate against, instead of the host. */
  readonly serverName?: string | undefined;
  /** The server's certificate is not checked at all. */
  readonly isInsecure?: boolean | undefined;
}

/** Headers; several values are sent as several lines. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What one request carries. */
export interface Identity {
  readonly headers: RequestHeaders;
  readonly tls: TlsMaterial;
}

/** Source of the present identity. */
export interface Credentials {
  /** A promise only when something has to be read or fetched: most calls get the value itself. */
  current(): Identity | Promise<Identity>;
  /** Reads or fetches again at once, after a 401 or a refused certificate; true when something changed. Shared by callers that ask together. */
  renew(): Promise<boolean>;
}

/** Where the API server is and who we are there. */
export interface ClusterAccess {
  readonly server: URL;
  /** From `proxy-url`; environment variables are not looked at then. */
  readonly proxyUrl?: string | undefined;
  readonly credentials: Credentials;
}
