// The words of the page server: what a page is asked, and what it answers. No HTTP here, so that pages are plain functions.

/** A client certificate as TLS left it. */
export interface ClientCertificate {
  /** It leads to one of the CAs that the server trusts, and is valid now. */
  readonly isTrusted: boolean;
  /** SHA-256 fingerprints from the certificate itself up to its root. */
  readonly chain: readonly string[];
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** One request. Header names are lower case, values are lists. */
export interface PageRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body: string;
  readonly clientCertificate: ClientCertificate | undefined;
}

/** One answer. */
export interface PageAnswer {
  readonly status: number;
  readonly body: string;
  /** `text/plain; charset=utf-8` when absent. */
  readonly contentType?: string;
}

/** Answers one path. */
export type Page = (request: PageRequest) => PageAnswer | Promise<PageAnswer>;

/** Pages by path; one that ends in `/` takes all paths below it. */
export type Pages = Readonly<Record<string, Page>>;

/** Decides before the page: undefined lets the request pass. */
export type Guard = (request: PageRequest) => Promise<PageAnswer | undefined>;

/** The page of a path: the exact one, or the longest that takes what is below it. */
export function pageFor(pages: Pages, path: string): Page | undefined {
  if (Object.hasOwn(pages, path)) return pages[path];
  const above = Object.keys(pages).filter((key) => key.endsWith('/') && path.startsWith(key));
  const longest = above.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : pages[longest];
}

/** A refusal in the form of the API server: a Status object. */
export function statusAnswer(status: number, reason: string, message: string): PageAnswer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
