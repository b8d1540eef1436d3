// The rights of setup.yaml beside what the sidecars did. They share an account, and each has a role of its own: it is compared with the calls
// of that program, which the user agent names. The role of the Leases is everybody's.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareRights } from '@longshore/embedded-control-plane';
import type { Account, AuditEvent, RightsReport } from '@longshore/embedded-control-plane';
import { parseAllDocuments } from 'yaml';

const SETUP = join(import.meta.dirname, '../../deploy/kubernetes/setup.yaml');

/** The account of the controller's pod. */
export const CONTROLLER_ACCOUNT: Account = { namespace: 'kube-system', name: 'csi-controller-sa' };

/** Whose role it is; without a program everybody's. */
const PROGRAMS: Readonly<Record<string, string | undefined>> = {
  'csi-external-attacher': 'csi-attacher',
  'csi-external-provisioner': 'csi-provisioner',
  'csi-packet-leader-election': undefined,
  'csi-packet-resizer': 'csi-resizer',
  'csi-packet-snapshotter': 'csi-snapshotter',
};

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly roleRef?: { readonly name: string };
}

/** The objects of setup.yaml. */
export async function readSetup(): Promise<readonly Document[]> {
  return parseAllDocuments(await readFile(SETUP, 'utf8')).map((document) => document.toJS() as Document);
}

/** One role and what was done with it. */
export interface RoleReport extends RightsReport {
  readonly role: string;
}

/** Each role that is bound in setup.yaml. */
export async function compareSidecarRights(events: readonly AuditEvent[]): Promise<readonly RoleReport[]> {
  const setup = await readSetup();
  const roles = setup.flatMap(({ roleRef }) => (roleRef ? [roleRef.name] : []));
  return roles.toSorted().map((role) => {
    if (!(role in PROGRAMS)) throw new Error(`whose is the role ${role}?`);
    const program = PROGRAMS[role];
    const isOfRole = ({ metadata, roleRef }: Document): boolean => roleRef?.name === role || metadata.name === role;
    const own = events.filter(({ userAgent }) => program === undefined || programOf(userAgent) === program);
    return { role, ...compareRights(setup.filter(isOfRole), CONTROLLER_ACCOUNT, own) };
  });
}

/** `csi-attacher` of `csi-attacher/v4.13.0 (linux/amd64)`. */
export function programOf(userAgent = ''): string {
  return userAgent.replace(/\/.*/, '');
}
