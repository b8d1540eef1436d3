// `orphans`: load balancers that carry this cluster's mark and belong to no Service (I19). Lists only; whoever runs it decides.
import { never, OperatorError } from '@longshore/reconciler-core';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { UsageError } from '@longshore/k8s-runtime/process';
import type { CommandContext } from './commands/command.ts';
import type { CloudProvider, OrphanedBalancer } from './provider.ts';
import { mayOwnBalancer } from './service/service-ownership.ts';

/** The command; exit code 2 when there are orphans. */
export const orphansCommand = {
  name: 'orphans',
  async run(context: CommandContext, args: readonly string[]): Promise<number> {
    if (args.length > 0) throw new UsageError([`orphans: unexpected argument "${args[0] ?? ''}"`]);
    const { client, provider, signal } = context;
    if (!provider.loadBalancers?.orphans) throw cannotTell(provider);
    const owners = (await client.list(services, { signal })).items.filter(mayOwnBalancer);
    const orphans = await provider.loadBalancers.orphans(owners, signal);
    context.write(
      context.output === 'json' ? `${JSON.stringify({ orphans }, undefined, 2)}\n` : inWords(orphans, owners),
    );
    return orphans.length > 0 ? 2 : 0;
  },
};

function inWords(orphans: readonly OrphanedBalancer[], owners: readonly KubeService[]): string {
  const looked = `${owners.length} Service${owners.length === 1 ? '' : 's'} may own load balancers`;
  if (orphans.length === 0)
    return `No orphaned load balancers: ${looked}${owners.length > 0 ? ` (${firstKeys(owners)})` : ''}.\n`;
  const lines = orphans.map(({ id, name, reason }) => `  ${name} (${id}): ${reason}\n`);
  return `${orphans.length} load balancer${orphans.length === 1 ? '' : 's'} of this cluster belong${orphans.length === 1 ? 's' : ''} to no Service:\n${lines.join('')}`;
}

function cannotTell({ name }: CloudProvider): OperatorError {
  return new OperatorError(
    'ORPHANS_UNSUPPORTED',
    `${name} cannot tell which load balancers belong to this cluster`,
    never,
  );
}

function firstKeys(owners: readonly KubeService[]): string {
  const keys = owners.slice(0, 5).map(keyOf);
  return [...keys, ...(owners.length > keys.length ? ['…'] : [])].join(', ');
}
