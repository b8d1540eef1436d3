// The sealing keys of both sides of a move: of the files that the managers read, or of their Secret. Called before anything is frozen, and
// again when the target has its Secrets. Without a Secret or file on the target its managers get the source's Secret, see shared-secrets.ts.
import type { KubeClient } from '@longshore/k8s-runtime';
import { messageOf } from '@longshore/reconciler-core';
import { PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { sealingKey, sealingKeysOfSecret } from '../../bootstrap/seal.ts';
import type { SealingKeys } from '../../bootstrap/seal.ts';
import type { Host } from '../host.ts';
import { secrets } from '../kube-kinds.ts';
import type { Secret } from '../kube-kinds.ts';
import { failure, listed } from '../problem.ts';
import type { ClusterId, MoveScope } from './move-scope.ts';
import { planReseal } from './reseal-plan.ts';
import type { KeysOfSides } from './reseal-plan.ts';
import type { Sides } from './shared-secrets.ts';

/** Keys that managers have in a file (`--sealing-key-file`) and not in their Secret. */
export interface KeysOfFiles {
  readonly source?: SealingKeys;
  readonly target?: SealingKeys;
}

const SECRET = `Secret ${PACKET_NAMESPACE}/${SEALING_SECRET}`;

/** Reads the files that were named. */
export async function readKeyFiles(
  files: { readonly source?: string; readonly target?: string },
  host: Host,
): Promise<KeysOfFiles> {
  const read = async (file: string): Promise<SealingKeys> => {
    const bytes = await host.readBytes(file).catch((error: unknown) => {
      throw failure('CTL_INPUT_INVALID', `${file} cannot be read: ${messageOf(error)}`, error);
    });
    return [sealingKey(bytes, file)];
  };
  return {
    ...(files.source === undefined ? {} : { source: await read(files.source) }),
    ...(files.target === undefined ? {} : { target: await read(files.target) }),
  };
}

/** The source's objects as the target is to get them. Rejects when its managers could not open them. */
export async function sealedForTarget(
  { id, source, target }: { readonly id: ClusterId; readonly source: MoveScope; readonly target: MoveScope },
  { sides, files }: { readonly sides: Sides; readonly files: KeysOfFiles },
  signal: AbortSignal,
): Promise<MoveScope> {
  const keys = await observeKeys(id, { sides, files }, signal);
  const { scope, problems } = planReseal(source, target, keys);
  if (problems.length === 0) return scope;
  throw keysDiffer(
    id,
    sides,
    listed(`name the file of the managers' former key by --sealing-key-file, or bring it into ${SECRET}:`, problems),
  );
}

async function observeKeys(
  id: ClusterId,
  { sides, files }: { readonly sides: Sides; readonly files: KeysOfFiles },
  signal: AbortSignal,
): Promise<KeysOfSides> {
  const [here, there] = [await secretOf(sides.source, signal), await secretOf(sides.target, signal)];
  const source = files.source ?? keysOf(here);
  if (files.target !== undefined) return { source, target: files.target };
  // What was copied whole, or will be, is the same key even if it is none.
  if (files.source === undefined && isSameThere(here, there)) return { source, target: undefined };
  try {
    return { source, target: sealingKeysOfSecret(there?.data ?? {}, SECRET) };
  } catch (error) {
    throw keysDiffer(
      id,
      sides,
      `the key there cannot be read (${messageOf(error)}); --to-sealing-key-file names another`,
    );
  }
}

function secretOf(client: KubeClient, signal: AbortSignal): Promise<Secret | undefined> {
  return client.get(secrets, { namespace: PACKET_NAMESPACE, name: SEALING_SECRET }, { signal });
}

function keysOf(secret: Secret | undefined): SealingKeys | undefined {
  try {
    return secret && sealingKeysOfSecret(secret.data ?? {}, SECRET);
  } catch {
    return undefined;
  }
}

function isSameThere(here: Secret | undefined, there: Secret | undefined): boolean {
  if (there === undefined) return true;
  const text = ({ data = {} }: Secret): string => JSON.stringify(Object.entries(data).sort());
  return here !== undefined && text(here) === text(there);
}

function keysDiffer({ namespace, name }: ClusterId, { target }: Sides, why: string): Error {
  return failure(
    'CTL_SEALING_KEYS_DIFFER',
    `the Secrets of Cluster ${namespace}/${name} are sealed with another key than that of ${target.server}, ` +
      `and cannot be sealed anew; nothing was moved. ${why}`,
  );
}
