// `orphans`: load balancers that carry this cluster's mark and belong to no Service (I19). Lists them; with `--delete` it removes them,
// too, which is the only thing that a command of this program ever changes.
import { never, OperatorError } from '@longshore/reconciler-core';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { boolFlag, defineFlags, UsageError } from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';
import type { CommandContext } from './commands/command.ts';
import type { CloudProvider, LoadBalancers, OrphanedBalancer } from './provider.ts';
import { mayOwnBalancer } from './service/service-ownership.ts';
import { inWords, isRemovalAgreed, removeOrphans } from './wiring-orphan-removal.ts';
import type { RemovalReport, RemovalWish } from './wiring-orphan-removal.ts';
import type { Terminal } from './wiring-terminal.ts';

const group = 'Command';

/** Flags of this command only. */
export const orphansFlags = defineFlags({
  delete: boolFlag({
    default: false,
    group,
    help: 'Remove them from the cloud, after a question on the terminal. What belongs to a Service by then is kept.',
  }),
  yes: boolFlag({
    default: false,
    group,
    short: 'y',
    help: 'Remove without asking; needed where there is no terminal.',
  }),
});

/** Their values; absent with other commands. */
export type OrphansFlagValues = Partial<FlagValues<typeof orphansFlags>>;

/** Problems between them. */
export function checkOrphansFlags(values: OrphansFlagValues): readonly string[] {
  return values.yes && !values.delete ? ['--yes agrees to --delete, which is not given'] : [];
}

/** What `--delete`, `--yes` and `--dry-run` come to. */
export function removalWish(
  values: OrphansFlagValues & { readonly 'dry-run': boolean },
  terminal: Terminal | undefined,
): RemovalWish | undefined {
  if (!values.delete) return undefined;
  return { isConfirmed: values.yes ?? false, isDryRun: values['dry-run'], terminal };
}

/** The world of this command. */
export interface OrphansContext extends CommandContext {
  /** Present with `--delete`. */
  readonly removal?: RemovalWish | undefined;
}

/** The command; exit code 2 when there are orphans and they stay. */
export const orphansCommand = {
  name: 'orphans',
  async run(context: OrphansContext, args: readonly string[]): Promise<number> {
    if (args.length > 0) throw new UsageError([`orphans: unexpected argument "${args[0] ?? ''}"`]);
    const { client, provider, signal, removal } = context;
    if (!provider.loadBalancers?.orphans) throw cannotTell(provider);
    if (removal) removerOf(provider);
    const owners = (await client.list(services, { signal })).items.filter(mayOwnBalancer);
    const orphans = await provider.loadBalancers.orphans(owners, signal);
    return removal && orphans.length > 0 ? remove(orphans, removal, context) : list(orphans, owners, context);
  },
};

function list(
  orphans: readonly OrphanedBalancer[],
  owners: readonly KubeService[],
  { output, write }: OrphansContext,
): number {
  write(output === 'json' ? asJson({ orphans }) : listInWords(orphans, owners));
  return orphans.length > 0 ? 2 : 0;
}

async function remove(
  orphans: readonly OrphanedBalancer[],
  removal: RemovalWish,
  context: OrphansContext,
): Promise<number> {
  const isJson = context.output === 'json';
  const tell = (line: string): void => (isJson ? undefined : context.write(`${line}\n`));
  const report: RemovalReport = { removed: [], kept: [] };
  if (!isJson) context.write(listInWords(orphans, []));
  const work = async (): Promise<boolean> => {
    if (removal.isDryRun || !(await isRemovalAgreed(orphans, removal, context.signal))) return false;
    await removeOrphans(orphans, report, { ...context, tell, removeOrphan: removerOf(context.provider) });
    return true;
  };
  const end = await work()
    .then((isDone) => endOf(isDone, removal))
    .catch((error: unknown) => {
      // Ctrl-C: what is left stays, and that is told.
      if (context.signal.aborted) return { text: 'Stopped.', code: 2 };
      throw error;
    })
    // Also when it fails half-way: what is gone is gone.
    .finally(() => isJson && context.write(asJson({ orphans, ...report })));
  tell(`${end.text} ${summary(report)}`.trim());
  return end.code;
}

function endOf(isDone: boolean, { isDryRun }: RemovalWish): { readonly text: string; readonly code: number } {
  if (isDone) return { text: '', code: 0 };
  return { text: isDryRun ? 'Dry run.' : 'Left alone.', code: 2 };
}

function removerOf(provider: CloudProvider): NonNullable<LoadBalancers['removeOrphan']> {
  const { loadBalancers } = provider;
  if (!loadBalancers?.removeOrphan) throw cannotRemove(provider);
  return loadBalancers.removeOrphan.bind(loadBalancers);
}

function asJson(answer: object): string {
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}

function summary({ removed, kept }: RemovalReport): string {
  const rest = kept.length === 0 ? '' : `, ${kept.length} kept`;
  if (removed.length === 0) return `Nothing was removed${rest}.`;
  return `${removed.length} load balancer${removed.length === 1 ? '' : 's'} removed${rest}.`;
}

function listInWords(orphans: readonly OrphanedBalancer[], owners: readonly KubeService[]): string {
  const looked = `${owners.length} Service${owners.length === 1 ? '' : 's'} may own load balancers`;
  if (orphans.length === 0)
    return `No orphaned load balancers: ${looked}${owners.length > 0 ? ` (${firstKeys(owners)})` : ''}.\n`;
  const lines = orphans.map((orphan) => `  ${inWords(orphan)}: ${orphan.reason}\n`);
  return `${orphans.length} load balancer${orphans.length === 1 ? '' : 's'} of this cluster belong${orphans.length === 1 ? 's' : ''} to no Service:\n${lines.join('')}`;
}

function cannotTell({ name }: CloudProvider): OperatorError {
  return new OperatorError(
    'ORPHANS_UNSUPPORTED',
    `${name} cannot tell which load balancers belong to this cluster`,
    never,
  );
}

function cannotRemove({ name }: CloudProvider): OperatorError {
  const message = `orphans --delete: ${name} only lists load balancers that belong to no Service: remove them with the cloud's own tools`;
  return new OperatorError('ORPHANS_UNSUPPORTED', message, never);
}

function firstKeys(owners: readonly KubeService[]): string {
  const keys = owners.slice(0, 5).map(keyOf);
  return [...keys, ...(owners.length > keys.length ? ['…'] : [])].join(', ');
}
