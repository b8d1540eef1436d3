// All flags of a cloud controller manager in one table, what a program may add to it, and the checks that span several flags.
// Serving, election and logging flags are k8s-runtime's; see flags-*.ts for the others.
import {
  authenticationFlags,
  authorizationFlags,
  checkLeaderFlags,
  checkServingFlags,
  leaderFlags,
  servingFlags,
} from '@longshore/k8s-runtime';
import { loggingFlags } from '@longshore/k8s-runtime/process';
import type { FlagTable, FlagValues } from '@longshore/k8s-runtime/process';
import { clientFlags, cloudFlags } from './flags-cloud.ts';
import { controllerFlags, ownFlags } from './flags-controllers.ts';
import { webhookFlags } from './flags-webhook.ts';

/** The flags that every program of this library has. */
export const ccmFlags = {
  ...cloudFlags,
  ...clientFlags,
  ...controllerFlags,
  ...ownFlags,
  ...leaderFlags,
  ...servingFlags,
  ...authenticationFlags,
  ...authorizationFlags,
  ...webhookFlags,
  ...loggingFlags,
};

/** Their values. */
export type CcmFlagValues = FlagValues<typeof ccmFlags>;

/** What a program says about its flags. */
export interface ProgramFlags<Table extends FlagTable> {
  /** What `--cloud-provider` must be; further accepted spellings in `providerAliases`. */
  readonly providerName: string;
  readonly providerAliases?: readonly string[] | undefined;
  /** Flags of its own; one that is named like a flag above replaces it. */
  readonly flags?: Table | undefined;
  /** Other defaults than the table's, for example `{ 'cloud-provider': 'digitalocean' }`. */
  readonly defaults?: Partial<CcmFlagValues> | undefined;
  /** Problems between its own flags. */
  readonly check?: ((values: CcmFlagValues & FlagValues<Table>) => readonly string[]) | undefined;
}

/** The table that a program's command line is parsed with. */
export function programFlagTable<Table extends FlagTable>(program: ProgramFlags<Table>): typeof ccmFlags & Table {
  const defaults = (program.defaults ?? {}) as Readonly<Record<string, unknown>>;
  const table: FlagTable = Object.fromEntries(
    Object.entries<FlagTable[string]>(ccmFlags).map(([name, flag]) => [
      name,
      Object.hasOwn(defaults, name) ? { ...flag, default: defaults[name] } : flag,
    ]),
  );
  return { ...table, ...program.flags } as typeof ccmFlags & Table;
}

/** All problems between flags, each a sentence that names them. */
export function checkProgramFlags<Table extends FlagTable>(
  values: CcmFlagValues & FlagValues<Table>,
  program: ProgramFlags<Table>,
): readonly string[] {
  return [
    ...checkProvider(values['cloud-provider'], program),
    ...checkLeaderFlags(values),
    ...checkServingFlags(values),
    ...checkPorts(values),
    ...(program.check?.(values) ?? []),
  ];
}

function checkProvider(
  name: string,
  { providerName, providerAliases = [] }: Pick<ProgramFlags<FlagTable>, 'providerName' | 'providerAliases'>,
): readonly string[] {
  const allowed = [providerName, ...providerAliases];
  if (name === '') return [`--cloud-provider cannot be empty; this program serves: ${allowed.join(', ')}`];
  if (allowed.includes(name)) return [];
  return [`--cloud-provider: "${name}" is not known to this program; allowed: ${allowed.join(', ')}`];
}

function checkPorts(values: CcmFlagValues): readonly string[] {
  const port = values['secure-port'];
  if (values.webhooks.length === 0 || port === 0 || port !== values['webhook-secure-port']) return [];
  return [`--webhook-secure-port: "${port}" must differ from --secure-port`];
}
