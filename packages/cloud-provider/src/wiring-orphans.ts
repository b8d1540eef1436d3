// `orphans`: load balancers that carry this cluster's mark and belong to no Service (I19). Lists only; whoever runs it decides.
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { UsageError } from '@longshore/k8s-runtime/process';
import type { CommandContext } from './commands/command.ts';
import type { OrphanedBalancer } from './provider.ts';
import { mayOwnBalancer } from './service/service-ownership.ts';

/** The command; exit code 2 when there are orphans. */
export const orphansCommand = {
  name: 'orphans',
  async run(context: CommandContext, args: readonly string[]): Promise<number> {
    if (args.length > 0) throw new UsageError([`orphans: unexpected argument "${args[0] ?? ''}"`]);
    const { items } = await context.client.list(services, { signal: context.signal });
    const owners = items.filter(mayOwnBalancer);
    const orphans = (await context.provider.loadBalancers?.orphans?.(owners, context.signal)) ?? [];
    context.write(
      context.output === 'json' ? `${JSON.stringify({ orphans }, undefined, 2)}\n` : inWords(orphans, owners, context),
    );
    return orphans.length > 0 ? 2 : 0;
  },
};

function inWords(
  orphans: readonly OrphanedBalancer[],
  owners: readonly KubeService[],
  { provider }: CommandContext,
): string {
  if (!provider.loadBalancers?.orphans)
    return `${provider.name} cannot tell which load balancers belong to this cluster.\n`;
  const looked = `${owners.length} Service${owners.length === 1 ? '' : 's'} may own load balancers`;
  if (orphans.length === 0)
    return `No orphaned load balancers: ${looked}${owners.length > 0 ? ` (${firstKeys(owners)})` : ''}.\n`;
  const lines = orphans.map(({ id, name, reason }) => `  ${name} (${id}): ${reason}\n`);
  return `${orphans.length} load balancer${orphans.length === 1 ? '' : 's'} of this cluster belong to no Service:\n${lines.join('')}`;
}

function firstKeys(owners: readonly KubeService[]): string {
  const keys = owners.slice(0, 5).map(keyOf);
  return [...keys, ...(owners.length > keys.length ? ['…'] : [])].join(', ');
}
