// What the user data of a device tells its machine to do at its first boot, as one shell script. Pure. Shell scripts (`#!`) are run as they
// are; of `#cloud-config` what servers of a cluster use is understood, and what is not is said aloud instead of being forgotten.
import { parse } from 'yaml';

/** Names and addresses that a template may ask for. */
export interface InstanceNames {
  readonly id: string;
  readonly hostname: string;
}

/** What is to be done, or why nothing can be. */
export type FirstBoot =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'script'; readonly script: string; readonly notes: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

interface CloudFile {
  readonly path?: string;
  readonly content?: string | null;
  readonly encoding?: string;
  readonly permissions?: string | number;
  readonly owner?: string;
  readonly append?: boolean;
  readonly defer?: boolean;
}

type CloudCommand = string | readonly (string | number)[];

interface CloudConfig {
  readonly hostname?: string;
  readonly fqdn?: string;
  readonly write_files?: readonly CloudFile[];
  readonly packages?: readonly (string | readonly string[])[];
  readonly bootcmd?: readonly CloudCommand[];
  readonly runcmd?: readonly CloudCommand[];
}

// In the order in which cloud-init comes to them.
const UNDERSTOOD = ['hostname', 'fqdn', 'bootcmd', 'write_files', 'packages', 'runcmd'];
// These change nothing that shows on a simulated machine.
const HARMLESS = [
  ...['apt', 'disable_root', 'final_message', 'growpart', 'locale', 'manage_etc_hosts', 'ntp', 'output'],
  ...['package_reboot_if_required', 'package_update', 'package_upgrade', 'preserve_hostname', 'resize_rootfs'],
  ...['ssh_authorized_keys', 'ssh_pwauth', 'swap', 'timezone', 'users'],
];
const JINJA = /^## *template: *jinja\r?\n/;

/** Reads user data. */
export function planFirstBoot(userData: string, names: InstanceNames): FirstBoot {
  if (userData.trim() === '') return { kind: 'nothing' };
  if (userData.includes('\r\n')) return refused('it has Windows line ends');
  if (userData.startsWith('#!')) return { kind: 'script', script: userData, notes: [] };
  const text = JINJA.test(userData) ? fillIn(userData.replace(JINJA, ''), names) : userData;
  if (!/^#cloud-config\s*$/m.test(text.split('\n')[0] ?? '')) {
    return refused(`its first line is neither "#!" nor "#cloud-config"`);
  }
  try {
    return planCloudConfig((parse(text) ?? {}) as CloudConfig);
  } catch (error) {
    return refused(`it is not valid YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refused(why: string): FirstBoot {
  return { kind: 'refused', why: `user data is not understood: ${why}` };
}

function fillIn(text: string, { id, hostname }: InstanceNames): string {
  const values: Readonly<Record<string, string>> = {
    'ds.meta_data.hostname': hostname,
    'ds.meta_data.local_hostname': hostname,
    'ds.meta_data.instance_id': id,
    'v1.local_hostname': hostname,
    'v1.instance_id': id,
  };
  return text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (all, name: string) => values[name] ?? all);
}

function planCloudConfig(config: CloudConfig): FirstBoot {
  const { hostname = config.fqdn, write_files: files = [], packages = [], bootcmd = [], runcmd = [] } = config;
  const lines = [
    '#!/bin/sh',
    ...(hostname === undefined ? [] : [`hostnamectl set-hostname ${quote(hostname)}`]),
    ...bootcmd.map(commandLine),
    ...files.filter(({ defer }) => defer !== true).flatMap(fileLines),
    ...(packages.length === 0 ? [] : [`apt-get install -y ${packages.map(packageWord).map(quote).join(' ')}`]),
    ...files.filter(({ defer }) => defer === true).flatMap(fileLines),
    // A script of its own, as cloud-init makes it: its last command decides, and `set -e` in it ends it.
    ...(runcmd.length === 0 ? [] : writeLines(RUNCMD, ['#!/bin/sh', ...runcmd.map(commandLine), ''].join('\n'))),
    ...(runcmd.length === 0 ? [] : [`chmod 0700 ${RUNCMD}`, `exec ${RUNCMD}`]),
    '',
  ];
  const ignored = Object.keys(config).filter((key) => !UNDERSTOOD.includes(key) && !HARMLESS.includes(key));
  const notes = ignored.map((key) => `cloud-config: "${key}" is ignored on simulated machines`);
  return { kind: 'script', script: lines.join('\n'), notes };
}

const RUNCMD = '/var/lib/cloud/instance/scripts/runcmd';

function packageWord(wanted: string | readonly string[]): string {
  return typeof wanted === 'string' ? wanted : wanted.join('=');
}

// A list is a program with its words, a string is for the shell.
function commandLine(command: CloudCommand): string {
  return typeof command === 'string' ? command : command.map((word) => quote(String(word))).join(' ');
}

function fileLines(file: CloudFile): readonly string[] {
  const { path = '', content, encoding = '', owner, append = false } = file;
  const target = quote(path);
  const mode = modeOf(file.permissions);
  return [
    ...writeLines(path, content ?? '', { decode: decoders(encoding), append }),
    `chmod ${mode} ${target}`,
    ...(owner === undefined ? [] : [`chown ${quote(owner)} ${target}`]),
  ];
}

function modeOf(permissions: string | number | undefined): string {
  if (permissions === undefined) return '0644';
  // YAML reads 0600 without quotes as a number: octal in the standard of cloud-init, decimal digits in that of today.
  return typeof permissions === 'string' ? quote(permissions) : `0${permissions}`;
}

function decoders(encoding: string): string {
  const parts: Readonly<Record<string, string>> = {
    b64: 'base64 -d',
    base64: 'base64 -d',
    gz: 'gzip -d',
    gzip: 'gzip -d',
  };
  const steps = encoding.split('+').flatMap((name) => parts[name] ?? []);
  return steps
    .toReversed()
    .map((step) => ` | ${step}`)
    .join('');
}

interface Writing {
  readonly decode?: string;
  readonly append?: boolean;
}

// As base64, so that nothing in it means anything to the shell.
function writeLines(path: string, content: string, { decode = '', append = false }: Writing = {}): readonly string[] {
  const target = quote(path);
  const encoded = Buffer.from(content, 'utf8').toString('base64');
  return [
    `mkdir -p "$(dirname ${target})"`,
    `base64 -d <<'END'${decode} ${append ? '>>' : '>'} ${target}`,
    ...(encoded.match(/.{1,76}/g) ?? []),
    'END',
  ];
}

/** A word that the shell takes as it is. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
