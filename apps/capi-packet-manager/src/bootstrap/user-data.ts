// The user data of a machine: a shell script of variables, files for kubeadm, and the text that the machine configuration has for it. The
// variables keep the names and meanings of the Go provider, so that its texts work; what is inserted is checked (user-data-check.ts) and
// quoted. Whoever creates a machine calls it. The result holds keys: never log it. Pure.
import { OperatorError, onChange } from '@longshore/reconciler-core';
import type { ClusterFacts, ClusterKeys, Entrance, MachineFacts } from './contract.ts';
import { API_PORT, kubeadmConfig, kubeadmConfigVersionFor } from './kubeadm-config.ts';
import type { MachineSetup } from './machine-configs.ts';
import { checkUserDataFacts } from './user-data-check.ts';

/** What becomes user data. */
export interface UserDataWish {
  readonly entry: MachineSetup;
  readonly cluster: ClusterFacts;
  readonly machine: MachineFacts;
  readonly entrance: Entrance;
  readonly limits?: UserDataLimits;
}

/** Sizes in bytes. The API's own limit is not documented. */
export interface UserDataLimits {
  /** Larger user data is refused. Default 64 KiB. */
  readonly maxBytes?: number;
  /** Larger user data is a warning. Default 16 KiB. */
  readonly warnBytes?: number;
}

/** The script. Warnings are for the log. */
export interface UserData {
  readonly text: string;
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
}

/** Where the script puts the file for kubeadm; readable by root only. */
export const KUBEADM_FILE = '/etc/kubernetes/cluster-api/kubeadm.yaml';
/** Where the script puts the pairs of the cluster until kubeadm runs. */
export const KEYS_FOLDER = '/etc/kubernetes/cluster-api/pki';

const KIB = 1024;
const MAX_BYTES = 64 * KIB;
const WARN_BYTES = 16 * KIB;

/** Throws USER_DATA_VALUE_INVALID, USER_DATA_TOO_LARGE or KUBEADM_VERSION_UNSUPPORTED: nothing may be created then. */
export function renderUserData(wish: UserDataWish): UserData {
  const problems = checkUserDataFacts(wish);
  const { namespace, name } = wish.machine;
  if (problems.length > 0) {
    const message = `no user data can be made for machine ${namespace}/${name}: ${problems.join('; ')}`;
    throw new OperatorError('USER_DATA_VALUE_INVALID', message, onChange);
  }
  const text = toUnixLines(scriptOf(wish));
  const sizeBytes = Buffer.byteLength(text);
  const { maxBytes = MAX_BYTES, warnBytes = WARN_BYTES } = wish.limits ?? {};
  if (sizeBytes > maxBytes) {
    const message =
      `the user data of machine ${namespace}/${name} has ${sizeBytes} bytes, the limit is ${maxBytes}: ` +
      `shorten entry "${wish.entry.name}" of the machine configuration (${Buffer.byteLength(wish.entry.userdata)} bytes)`;
    throw new OperatorError('USER_DATA_TOO_LARGE', message, onChange);
  }
  const warning = `the user data has ${sizeBytes} bytes; some endpoints take ${warnBytes} only`;
  return { text, sizeBytes, warnings: sizeBytes > warnBytes ? [warning] : [] };
}

/** A word for the shell, whatever is in it. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function scriptOf(wish: UserDataWish): string {
  const { entry, cluster, machine, entrance } = wish;
  const version = entry.kubeadmConfigVersion ?? kubeadmConfigVersionFor(machine.versions.kubelet);
  const keys = entrance.kind === 'join' ? undefined : entrance.keys;
  return [
    '#!/bin/bash',
    '# Written by the Packet provider of the cluster API for one machine. Holds secrets.',
    '# shellcheck disable=SC2034 # not every text uses every variable',
    ...variableLines(variablesOf(wish)),
    `NODE_ANNOTATIONS=(${nodeAnnotations(machine).map(shellQuote).join(' ')})`,
    `mkdir -p ${KUBEADM_FILE.replace(/\/[^/]*$/, '')}`,
    ...fileLines(KUBEADM_FILE, kubeadmConfig({ cluster, machine, entrance, version })),
    ...(keys === undefined ? [] : keyLines(keys)),
    '',
    entry.userdata,
    '',
  ].join('\n');
}

function variablesOf(wish: UserDataWish): Readonly<Record<string, string>> {
  const { entry, cluster, machine, entrance } = wish;
  return {
    KUBELET_VERSION: machine.versions.kubelet,
    TOKEN: entrance.token,
    NAMESPACE: machine.namespace,
    MACHINE: `${machine.namespace}/${machine.name}`,
    CLUSTER_DNS_DOMAIN: cluster.serviceDomain,
    POD_CIDR: cluster.podCidrs[0] ?? '',
    SERVICE_CIDR: cluster.serviceCidrs[0] ?? '',
    CR_PACKAGE: entry.containerRuntime,
    // Ours; the rest of the names have been there since the Go provider.
    CLUSTER_NAME: cluster.name,
    NODE_NAME: machine.name,
    KUBEADM_CONFIG: KUBEADM_FILE,
    KUBEADM_ACTION: entrance.kind === 'init' ? 'init' : 'join',
    ...(entrance.kind === 'init' ? { TOKEN_EXPIRES: entrance.tokenExpiresAt } : { MASTER: cluster.endpoint ?? '' }),
    ...roleVariables(wish),
  };
}

function roleVariables({ cluster, machine, entrance }: UserDataWish): Readonly<Record<string, string>> {
  if (entrance.kind === 'join') return { ROLE: 'node', ELASTIC_IP: '' };
  return {
    ROLE: 'master',
    CONTROL_PLANE_VERSION: machine.versions.controlPlane ?? machine.versions.kubelet,
    PORT: String(API_PORT),
    ELASTIC_IP: cluster.elasticIp ?? '',
    KEYS_FOLDER,
  };
}

function variableLines(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}`);
}

// `cluster.k8s.io/machine` is what links a Node to its Machine.
function nodeAnnotations({ namespace, name, annotations }: MachineFacts): readonly string[] {
  const all = { ...annotations, 'cluster.k8s.io/machine': `${namespace}/${name}` };
  return Object.entries(all).map(([key, value]) => `${key}=${value}`);
}

// As text and not as base64: a PEM in base64 is a third larger. The two variables are for texts of the Go provider.
function keyLines({ ca, etcdCa, frontProxyCa, serviceAccount }: ClusterKeys): readonly string[] {
  const files: Readonly<Record<string, string>> = {
    'ca.crt': ca.certPem,
    'ca.key': ca.keyPem,
    'etcd/ca.crt': etcdCa.certPem,
    'etcd/ca.key': etcdCa.keyPem,
    'front-proxy-ca.crt': frontProxyCa.certPem,
    'front-proxy-ca.key': frontProxyCa.keyPem,
    'sa.pub': serviceAccount.publicPem,
    'sa.key': serviceAccount.keyPem,
  };
  return [
    `(umask 077; mkdir -p ${KEYS_FOLDER}/etcd)`,
    ...Object.entries(files).flatMap(([name, text]) => fileLines(`${KEYS_FOLDER}/${name}`, text)),
    `MASTER_CA_CERTIFICATE=$(base64 -w 0 ${KEYS_FOLDER}/ca.crt)`,
    `MASTER_CA_PRIVATE_KEY=$(base64 -w 0 ${KEYS_FOLDER}/ca.key)`,
  ];
}

const END = 'END_OF_FILE';

// The mark is quoted: the shell takes nothing in the text for its own. Values with a line break were refused, so no text holds the mark.
function fileLines(path: string, text: string): readonly string[] {
  return [`(umask 077; cat > ${path} <<'${END}'`, text.trimEnd(), END, ')'];
}

function toUnixLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
}
