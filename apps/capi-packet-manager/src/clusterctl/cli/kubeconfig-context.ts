// `--cluster` and `--user`: entries of a kubeconfig with several, in place of its current context.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Host } from '../host.ts';
import { failure } from '../problem.ts';

interface Kubeconfig {
  readonly contexts?: readonly { readonly name: string; readonly context: Readonly<Record<string, string>> }[];
  readonly 'current-context'?: string;
}

/** The kubeconfig with the entries that were asked for: the file itself, or a copy (0600) with another context. */
export async function useContext(
  path: string,
  { cluster, user }: { readonly cluster?: string; readonly user?: string },
  host: Host,
): Promise<string> {
  if (cluster === undefined && user === undefined) return path;
  const text = await host.readText(path).catch((error: unknown) => {
    throw failure('CTL_INPUT_INVALID', `cannot read ${path}`, error);
  });
  const copy = join(host.env['XDG_RUNTIME_DIR'] ?? tmpdir(), `clusterctl-${process.pid}.kubeconfig`);
  await host.writeSecretFile(copy, withContext(text, { cluster, user }));
  return copy;
}

/** The same kubeconfig with another current context. Pure. */
export function withContext(
  text: string,
  wish: { readonly cluster?: string | undefined; readonly user?: string | undefined },
): string {
  const config = parse(text) as Kubeconfig;
  const present = config.contexts?.find(({ name }) => name === config['current-context'])?.context ?? {};
  const context = {
    ...present,
    ...(wish.cluster === undefined ? {} : { cluster: wish.cluster }),
    ...(wish.user === undefined ? {} : { user: wish.user }),
  };
  return stringify({
    ...config,
    contexts: [...(config.contexts ?? []), { name: 'clusterctl', context }],
    'current-context': 'clusterctl',
  });
}
