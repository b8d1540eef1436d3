// The image repository of a release, through crane. Credentials are in a folder of the run's own and go to crane by its standard input.
import { messageOf } from '@longshore/reconciler-core';
import { crane, pushLayout } from '../push.ts';
import type { Credentials } from './options.ts';
import type { TestedImage } from './tested-image.ts';

/** One repository. */
export class ImageRegistry {
  readonly #repository: string;
  readonly #credentials: Credentials;
  readonly #env: NodeJS.ProcessEnv;

  constructor(repository: string, credentials: Credentials, configFolder: string) {
    this.#repository = repository;
    this.#credentials = credentials;
    this.#env = { ...process.env, DOCKER_CONFIG: configFolder };
  }

  /** Logs in; resolves with the reason when the registry does not let us. */
  async login(): Promise<string | undefined> {
    const [host = ''] = this.#repository.split('/');
    const args = ['auth', 'login', host, '--username', this.#credentials.registryUser, '--password-stdin'];
    try {
      await crane(args, { env: this.#env }, this.#credentials.registryPassword);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** All tags; none when the repository is not there yet. The reason when they cannot be read. */
  async tags(): Promise<{ readonly tags: readonly string[]; readonly problem?: string }> {
    try {
      const printed = await crane(['ls', this.#repository], { env: this.#env });
      return { tags: printed.split('\n').filter(Boolean) };
    } catch (error) {
      const problem = messageOf(error);
      return /NAME_UNKNOWN|NOT_FOUND|404/.test(problem) ? { tags: [] } : { tags: [], problem };
    }
  }

  /** Pushes under a tag and resolves with the digest that the registry has for it. */
  async push({ folder }: TestedImage, tag: string): Promise<string> {
    const reference = `${this.#repository}:${tag}`;
    await pushLayout(folder, reference, { env: this.#env });
    return (await crane(['digest', reference], { env: this.#env })).trim();
  }

  /** Points another tag to what a tag has. */
  async tag(from: string, to: string): Promise<void> {
    await crane(['tag', `${this.#repository}:${from}`, to], { env: this.#env });
  }
}
