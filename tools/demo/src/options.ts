// The demo's command line.
import { parseArgs } from 'node:util';

/** What the user asked for. */
export interface DemoOptions {
  /** Leave everything running until Ctrl-C. */
  readonly hold: boolean;
  readonly nodes: number;
}

/** Help text of `npm run demo -- --help`. */
export const HELP = `npm run demo [-- --hold] [--nodes N]

Starts a real etcd and kube-apiserver and a simulated DigitalOcean, runs do-ccm against both, and shows nodes being
initialized and a Service of type LoadBalancer getting its address.

  --hold      leave everything running, print a kubeconfig and what to try; Ctrl-C ends it
  --nodes N   number of nodes (default 5)
  --help      this text
`;

/** Parses the arguments; an Error's message says what is wrong with them. */
export function parseDemoOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { hold: { type: 'boolean' }, nodes: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return 'help';
  const nodes = Number(values.nodes ?? 5);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 200)
    throw new Error(`--nodes "${values.nodes}" is not a number from 1 to 200`);
  return { hold: values.hold ?? false, nodes };
}
