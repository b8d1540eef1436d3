// The few calls of GitHub's REST API that a release needs. The base URL is a setting, so that tests answer themselves.
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import type { ExistingRelease, TestRun } from './preflight.ts';

/** Where the API is and who asks. */
export interface HostingSettings {
  readonly apiUrl: string;
  /** OWNER/NAME */
  readonly repository: string;
  readonly token: string;
}

/** What a release is made of. */
export interface NewRelease {
  readonly tag: string;
  readonly commit: string;
  readonly notes: string;
  readonly isPre: boolean;
  readonly isLatest: boolean;
}

interface Answered {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Buffer;
}

interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object | Buffer;
  /** Statuses that are an answer, not a failure. */
  readonly accept?: readonly number[];
}

/** Name of the artifact with image.tar and image.tar.sha256. */
export const TESTED_IMAGE = 'tested-image';

const PAGE = 100;
const TIMEOUT_MS = 120_000;

/** A client for one repository. */
export class Hosting {
  readonly #settings: HostingSettings;

  constructor(settings: HostingSettings) {
    this.#settings = { ...settings, apiUrl: settings.apiUrl.replace(/\/+$/, '') };
  }

  /** All releases; drafts are none. */
  async releases(): Promise<readonly ExistingRelease[]> {
    const all: ExistingRelease[] = [];
    for (let page = 1; ; page += 1) {
      const some = (await this.#json(`releases?per_page=${PAGE}&page=${page}`)) as readonly Record<string, unknown>[];
      all.push(...some.filter(({ draft }) => draft !== true).map(toRelease));
      if (some.length < PAGE) return all;
    }
  }

  /** The commit that a branch, tag or hash means. */
  async commitOf(ref: string): Promise<string> {
    const { sha } = (await this.#json(`commits/${encodeURIComponent(ref)}`)) as { sha: string };
    return sha;
  }

  /** Whether a commit is on the branch. */
  async isOnBranch(commit: string, branch: string): Promise<boolean> {
    const { status } = (await this.#json(`compare/${encodeURIComponent(branch)}...${commit}`)) as { status: string };
    return status === 'identical' || status === 'behind';
  }

  /** The newest run of the tests of a commit. */
  async testRun(commit: string): Promise<TestRun | undefined> {
    const { workflow_runs: runs } = (await this.#json(`actions/workflows/ci.yml/runs?head_sha=${commit}`)) as {
      workflow_runs: readonly { id: number; html_url: string; conclusion: string | null }[];
    };
    const [run] = runs;
    if (!run) return undefined;
    const hasImage = (await this.#artifactUrl(run.id)) !== undefined;
    return { id: run.id, url: run.html_url, conclusion: run.conclusion ?? undefined, hasImage };
  }

  /** The zip archive with the image that a run tested. */
  async downloadImage(run: TestRun): Promise<Buffer> {
    const url = await this.#artifactUrl(run.id);
    // The token goes to the API and to nobody else.
    if (!url?.startsWith(`${this.#settings.apiUrl}/`)) throw this.#failure('download', `unexpected address ${url}`);
    return (await this.#call(url, {})).body;
  }

  /** Makes the annotated tag. */
  async createTag(tag: string, commit: string): Promise<void> {
    const body = { tag, message: `Release ${tag}`, object: commit, type: 'commit' };
    const { sha } = (await this.#json('git/tags', { method: 'POST', body })) as { sha: string };
    await this.#json('git/refs', { method: 'POST', body: { ref: `refs/tags/${tag}`, sha } });
  }

  /** Removes the tag and the release of that name, if they are there. */
  async removeRelease(tag: string): Promise<void> {
    const found = await this.#request(`releases/tags/${encodeURIComponent(tag)}`, { accept: [404] });
    if (found.ok) {
      const { id } = JSON.parse(String(found.body)) as { id: number };
      await this.#request(`releases/${id}`, { method: 'DELETE' });
    }
    await this.#request(`git/refs/tags/${encodeURIComponent(tag)}`, { method: 'DELETE', accept: [404, 422] });
  }

  /** Makes the release with its assets and resolves with its page. */
  async createRelease(release: NewRelease, assets: ReadonlyMap<string, string>): Promise<string> {
    const body = {
      tag_name: release.tag,
      name: release.tag,
      target_commitish: release.commit,
      body: release.notes,
      prerelease: release.isPre,
      make_latest: String(release.isLatest),
      generate_release_notes: true,
    };
    const made = (await this.#json('releases', { method: 'POST', body })) as { html_url: string; upload_url: string };
    for (const [name, content] of assets) {
      const url = `${made.upload_url.replace(/\{.*$/, '')}?name=${encodeURIComponent(name)}`;
      await this.#call(url, { method: 'POST', body: Buffer.from(content) });
    }
    return made.html_url;
  }

  async #artifactUrl(run: number): Promise<string | undefined> {
    const { artifacts } = (await this.#json(`actions/runs/${run}/artifacts?per_page=${PAGE}`)) as {
      artifacts: readonly { name: string; expired?: boolean; archive_download_url: string }[];
    };
    return artifacts.find(({ name, expired }) => name === TESTED_IMAGE && !expired)?.archive_download_url;
  }

  async #json(path: string, call: Call = {}): Promise<unknown> {
    return JSON.parse(String((await this.#request(path, call)).body));
  }

  #request(path: string, call: Call): Promise<Answered> {
    return this.#call(`${this.#settings.apiUrl}/repos/${this.#settings.repository}/${path}`, call);
  }

  async #call(url: string, { accept = [], ...call }: Call): Promise<Answered> {
    const what = `${call.method ?? 'GET'} ${new URL(url).pathname}`;
    const answer = await this.#send(url, call).catch((error: unknown) => {
      throw this.#failure(what, messageOf(error));
    });
    if (answer.ok || accept.includes(answer.status)) return answer;
    throw this.#failure(what, `${answer.status} ${messageIn(answer.body)}`);
  }

  async #send(url: string, { method = 'GET', body }: Call): Promise<Answered> {
    const headers = {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${this.#settings.token}`,
      'content-type': Buffer.isBuffer(body) ? 'text/yaml' : 'application/json',
      'user-agent': 'longshore-release',
    };
    const content = Buffer.isBuffer(body) ? new Uint8Array(body) : body && JSON.stringify(body);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method, headers, signal, ...(content ? { body: content } : {}) });
    return { ok: response.ok, status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  }

  #failure(what: string, reason: string): OperatorError {
    const { repository } = this.#settings;
    return new OperatorError(
      'RELEASE_HOSTING_FAILED',
      `the hosting API refused ${what} (${repository}): ${reason}`,
      never,
    );
  }
}

function toRelease({ tag_name: tag, target_commitish: commit, prerelease }: Record<string, unknown>): ExistingRelease {
  return { tag: String(tag), commit: String(commit), isPre: prerelease === true };
}

function messageIn(body: Buffer): string {
  try {
    return String((JSON.parse(String(body)) as { message?: string }).message ?? '');
  } catch {
    return String(body).slice(0, 200);
  }
}
