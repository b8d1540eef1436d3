// Which addresses of which servers a balancer sends to. Pure. Members are addresses of non-public interfaces, because a balancer reaches
// servers through their private networks only.
import type { Server, ServerAddress, SubnetRef } from '@longshore/cloudscale-api';
import type { Settings } from '../annotations.ts';

/** Where a member is, without its port. */
export interface Target {
  readonly address: string;
  readonly subnet: SubnetRef;
}

/** The targets, and whose servers have none. */
export interface Targets {
  readonly targets: readonly Target[];
  /** Names of servers without any private address. */
  readonly unreachable: readonly string[];
  /** Names of servers with private addresses, none of them in the allowed subnets. */
  readonly excluded: readonly string[];
}

/** Servers to targets. */
export function selectTargets(servers: readonly Server[], allowed: Settings['allowedSubnets']): Targets {
  const targets = new Map<string, Target>();
  const unreachable: string[] = [];
  const excluded: string[] = [];
  for (const server of servers) {
    const own = privateTargets(server);
    const chosen = allowed.length === 0 ? own : own.filter(({ subnet }) => allowed.includes(subnet.id));
    if (own.length === 0) unreachable.push(server.name);
    else if (chosen.length === 0) excluded.push(server.name);
    for (const target of chosen) targets.set(`${target.address} ${target.subnet.id}`, target);
  }
  return { targets: [...targets.values()], unreachable, excluded };
}

function privateTargets({ interfaces }: Server): readonly Target[] {
  return interfaces
    .filter(({ type }) => type !== 'public')
    .flatMap(({ addresses }) => addresses)
    .flatMap(({ address, subnet }: ServerAddress) => (subnet === undefined ? [] : [{ address, subnet }]));
}
