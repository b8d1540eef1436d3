// GitHub's REST API as far as a release uses it, on 127.0.0.1: state that a test can look at, and refusals as the real one has them.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A release as it is stored. */
export interface StoredRelease {
  readonly id: number;
  readonly tag_name: string;
  readonly target_commitish: string;
  readonly prerelease: boolean;
  readonly make_latest?: string;
  readonly body?: string;
  readonly assets: Map<string, string>;
}

/** What there is. */
export interface GitHubState {
  readonly releases: StoredRelease[];
  readonly tags: Map<string, string>;
  /** Commits of each branch, newest first. */
  readonly branches: Map<string, readonly string[]>;
  readonly runs: Map<string, { id: number; conclusion: string | null; artifact?: Buffer }>;
  /** METHOD path, in order. */
  readonly calls: string[];
}

/** A running stand-in. */
export interface GitHubStandIn {
  readonly url: string;
  readonly state: GitHubState;
  close(): Promise<void>;
}

interface Exchange {
  readonly state: GitHubState;
  readonly base: string;
  readonly url: URL;
  readonly body: Buffer;
}

type Answer = { readonly status: number; readonly body?: unknown };
type Route = readonly [method: string, path: RegExp, answer: (exchange: Exchange, parts: readonly string[]) => Answer];

const notFound: Answer = { status: 404, body: { message: 'Not Found' } };

const ROUTES: readonly Route[] = [
  [
    'GET',
    /^\/releases$/,
    ({ state, url }) => ({ status: 200, body: url.searchParams.get('page') === '1' ? state.releases : [] }),
  ],
  ['GET', /^\/commits\/(.+)$/, ({ state }, [ref = '']) => commitOf(state, decodeURIComponent(ref))],
  ['GET', /^\/compare\/(.+)\.\.\.(.+)$/, ({ state }, [branch = '', commit = '']) => compare(state, branch, commit)],
  ['GET', /^\/actions\/workflows\/ci\.yml\/runs$/, ({ state, url, base }) => runsOf(state, url, base)],
  ['GET', /^\/actions\/runs\/(\d+)\/artifacts$/, ({ state, base }, [id]) => artifactsOf(state, base, Number(id))],
  [
    'GET',
    /^\/actions\/artifacts\/(\d+)\/zip$/,
    ({ state }, [id]) => ({ status: 200, body: runById(state, Number(id))?.artifact }),
  ],
  ['POST', /^\/git\/tags$/, ({ body }) => ({ status: 201, body: { sha: `tag-of-${String(json(body)['object'])}` } })],
  ['POST', /^\/git\/refs$/, ({ state, body }) => createRef(state, json(body))],
  ['DELETE', /^\/git\/refs\/tags\/(.+)$/, ({ state }, [tag = '']) => ({ status: state.tags.delete(tag) ? 204 : 422 })],
  ['GET', /^\/releases\/tags\/(.+)$/, ({ state }, [tag]) => releaseBy(state, (one) => one.tag_name === tag)],
  ['DELETE', /^\/releases\/(\d+)$/, ({ state }, [id]) => removeRelease(state, Number(id))],
  ['POST', /^\/releases$/, ({ state, body, base }) => createRelease(state, json(body), base)],
  ['POST', /^\/releases\/(\d+)\/assets$/, ({ state, url, body }, [id]) => upload(state, Number(id), [url, body])],
];

/** Starts one for a repository; calls with another token are refused. */
export async function startGitHub(repository: string, token: string): Promise<GitHubStandIn> {
  const state: GitHubState = { releases: [], tags: new Map(), branches: new Map(), runs: new Map(), calls: [] };
  const server = createServer((request, response) => {
    void answer(request, response, { state, repository, token });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface StandInWorld {
  readonly state: GitHubState;
  readonly repository: string;
  readonly token: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, world: StandInWorld): Promise<void> {
  const result = answerTo(request, await buffer(request), world);
  response.statusCode = result.status;
  response.end(Buffer.isBuffer(result.body) ? result.body : (JSON.stringify(result.body, withoutMaps) ?? ''));
}

function answerTo(request: IncomingMessage, body: Buffer, { state, repository, token }: StandInWorld): Answer {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
  const prefix = `/repos/${repository}`;
  const path = url.pathname.slice(prefix.length);
  state.calls.push(`${request.method} ${path}`);
  if (request.headers.authorization !== `Bearer ${token}`) return { status: 401, body: { message: 'Bad credentials' } };
  if (!url.pathname.startsWith(prefix)) return notFound;
  const route = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
  if (!route) return notFound;
  const parts = route[1].exec(path)?.slice(1) ?? [];
  return route[2]({ state, base: `${url.origin}${prefix}`, url, body }, parts);
}

function withoutMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value.keys()] : value;
}

function json(body: Buffer): Record<string, unknown> {
  return JSON.parse(String(body)) as Record<string, unknown>;
}

function commitOf(state: GitHubState, ref: string): Answer {
  const [head] = state.branches.get(ref) ?? [...state.branches.values()].flat().filter((commit) => commit === ref);
  return head
    ? { status: 200, body: { sha: head } }
    : { status: 422, body: { message: `No commit found for SHA: ${ref}` } };
}

function compare(state: GitHubState, branch: string, commit: string): Answer {
  const commits = state.branches.get(branch) ?? [];
  const on = commits[0] === commit ? 'identical' : 'behind';
  return { status: 200, body: { status: commits.includes(commit) ? on : 'diverged' } };
}

function runsOf(state: GitHubState, url: URL, base: string): Answer {
  const run = state.runs.get(url.searchParams.get('head_sha') ?? '');
  const runs = run ? [{ id: run.id, html_url: `${base}/runs/${run.id}`, conclusion: run.conclusion }] : [];
  return { status: 200, body: { workflow_runs: runs } };
}

function runById(state: GitHubState, id: number): { readonly artifact?: Buffer } | undefined {
  return [...state.runs.values()].find((run) => run.id === id);
}

function artifactsOf(state: GitHubState, base: string, id: number): Answer {
  const artifact = { name: 'tested-image', archive_download_url: `${base}/actions/artifacts/${id}/zip` };
  return { status: 200, body: { artifacts: runById(state, id)?.artifact ? [artifact] : [] } };
}

function createRef(state: GitHubState, { ref, sha }: Record<string, unknown>): Answer {
  const tag = String(ref).replace('refs/tags/', '');
  if (state.tags.has(tag)) return { status: 422, body: { message: 'Reference already exists' } };
  state.tags.set(tag, String(sha));
  return { status: 201, body: { ref } };
}

function releaseBy(state: GitHubState, match: (release: StoredRelease) => boolean): Answer {
  const release = state.releases.find(match);
  return release ? { status: 200, body: release } : notFound;
}

function removeRelease(state: GitHubState, id: number): Answer {
  const at = state.releases.findIndex((release) => release.id === id);
  if (at < 0) return notFound;
  state.releases.splice(at, 1);
  return { status: 204 };
}

function createRelease(state: GitHubState, body: Record<string, unknown>, base: string): Answer {
  if (state.releases.some(({ tag_name: tag }) => tag === body['tag_name'])) {
    return { status: 422, body: { message: 'Validation Failed: already_exists' } };
  }
  const id = state.releases.length + 1000;
  state.releases.push({ ...(body as unknown as Omit<StoredRelease, 'id' | 'assets'>), id, assets: new Map() });
  const links = {
    html_url: `${base}/releases/tag/${String(body['tag_name'])}`,
    upload_url: `${base}/releases/${id}/assets{?name,label}`,
  };
  return { status: 201, body: { id, ...links } };
}

function upload(state: GitHubState, id: number, [url, body]: readonly [URL, Buffer]): Answer {
  const release = state.releases.find((one) => one.id === id);
  if (!release) return notFound;
  release.assets.set(url.searchParams.get('name') ?? '', String(body));
  return { status: 201, body: {} };
}
