// What may be put into user data: values that Kubernetes would refuse later, on a server that is paid for already, are refused here. Pure.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { UserDataWish } from './user-data.ts';
import { parseToken } from './token.ts';
import { isVersion } from './versions.ts';

const DNS_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const LABEL_PREFIX = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const LABEL_NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Everything that is wrong, in words; empty when user data can be made. */
export function checkUserDataFacts(wish: UserDataWish): readonly string[] {
  return [...clusterProblems(wish), ...machineProblems(wish), ...entranceProblems(wish)];
}

function clusterProblems({ cluster, entrance }: UserDataWish): readonly string[] {
  const { name, serviceDomain, podCidrs, serviceCidrs, endpoint, elasticIp } = cluster;
  const isJoin = entrance.kind !== 'init';
  return [
    ...problem(isDnsName(name), `cluster name ${show(name)} is not a DNS name`),
    ...problem(isDnsName(serviceDomain), `service domain ${show(serviceDomain)} is not a DNS name, like cluster.local`),
    ...cidrProblems('pod', podCidrs),
    ...cidrProblems('service', serviceCidrs),
    ...problem(endpoint === undefined || isEndpoint(endpoint), `endpoint ${show(endpoint)} is not host:port`),
    ...problem(endpoint !== undefined || !isJoin, 'the cluster has no endpoint yet, a machine cannot join'),
    ...problem(
      elasticIp === undefined || isIP(elasticIp) === 4,
      `elastic IP ${show(elasticIp)} is not an IPv4 address`,
    ),
  ];
}

function cidrProblems(kind: string, cidrs: readonly string[]): readonly string[] {
  const wrong = cidrs.filter((cidr) => !ipaddr.isValidCIDR(cidr));
  return [
    ...problem(cidrs.length > 0, `no ${kind} network is given`),
    ...wrong.map((cidr) => `${kind} network ${show(cidr)} is not a CIDR block, like 172.25.0.0/16`),
  ];
}

function machineProblems({ machine, entry, entrance }: UserDataWish): readonly string[] {
  const { namespace, name, versions, labels, annotations, taints } = machine;
  const { kubelet, controlPlane } = versions;
  const isMaster = entrance.kind !== 'join';
  return [
    ...problem(isDnsName(namespace), `namespace ${show(namespace)} is not a DNS name`),
    ...problem(isDnsName(name) && name.length <= 63, `machine name ${show(name)} is not a host name`),
    ...problem(isVersion(kubelet), `kubelet version ${show(kubelet)} is not a version, like 1.36.3`),
    ...problem(
      controlPlane === undefined || isVersion(controlPlane),
      `control plane version ${show(controlPlane)} is not a version, like 1.36.3`,
    ),
    ...problem(isMaster === (controlPlane !== undefined), 'the control plane version does not fit the role'),
    ...problem(isOneLine(entry.containerRuntime), 'containerRuntime of the machine configuration has several lines'),
    ...Object.entries(labels)
      .filter(([key, value]) => !isLabelKey(key) || !isLabelValue(value))
      .map(([key, value]) => `label ${show(key)}=${show(value)} is not a label`),
    ...Object.entries(annotations)
      .filter(([key, value]) => !isLabelKey(key) || value.includes('\0'))
      .map(([key]) => `annotation ${show(key)} is not an annotation`),
    ...taints
      .filter(
        ({ key, value = '', effect }) => !isLabelKey(key) || !isLabelValue(value) || !TAINT_EFFECTS.includes(effect),
      )
      .map(({ key, value = '', effect }) => `taint ${show(`${key}=${value}:${effect}`)} is not a taint`),
  ];
}

function entranceProblems({ entrance }: UserDataWish): readonly string[] {
  const hasHash = entrance.kind === 'init' || /^sha256:[0-9a-f]{64}$/.test(entrance.caCertHash);
  const expires = entrance.kind === 'init' ? Date.parse(entrance.tokenExpiresAt) : 0;
  return [
    // Without the token itself: messages are read by others.
    ...problem(parseToken(entrance.token) !== undefined, 'the bootstrap token is not a token'),
    ...problem(hasHash, 'the hash of the CA is not sha256:<64 hex digits>'),
    ...problem(!Number.isNaN(expires), 'the expiry of the bootstrap token is not a time'),
  ];
}

function problem(isFine: boolean, message: string): readonly string[] {
  return isFine ? [] : [message];
}

function isDnsName(text: string): boolean {
  return text.length <= 253 && DNS_NAME.test(text);
}

function isEndpoint(text: string): boolean {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) return false;
  const host = match[1] ?? '';
  const inBrackets = /^\[(.*)\]$/.exec(host)?.[1];
  return inBrackets === undefined ? isIP(host) === 4 || isDnsName(host) : isIP(inBrackets) === 6;
}

function isLabelKey(key: string): boolean {
  const [name = '', prefix, ...rest] = key.split('/').toReversed();
  if (rest.length > 0) return false;
  return LABEL_NAME.test(name) && (prefix === undefined || (prefix.length <= 253 && LABEL_PREFIX.test(prefix)));
}

function isLabelValue(value: string): boolean {
  return value === '' || LABEL_NAME.test(value);
}

function isOneLine(text: string): boolean {
  return !/[\r\n\0]/.test(text);
}

function show(value: string | undefined): string {
  return JSON.stringify(value ?? '');
}
