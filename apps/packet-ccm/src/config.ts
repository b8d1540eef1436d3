// Environment and configuration file as a value. `parseConfig` is pure and reports every problem at once; provider.ts turns the Config
// into clients. Names and meanings are those of all versions of the Go program (config-table.ts).
import type { Problem } from '@longshore/cloud-provider';
import { never, OperatorError } from '@longshore/reconciler-core';
import { namesOf, readPacketSettings, readSetting, shownSetting, warnAboutSetting } from '@longshore/packet-api';
import type { EmlbBalancerId, PacketSettings, ProjectId, SettingRow, SettingSources } from '@longshore/packet-api';
import { ALL_NODES, parseNodeSelector } from './bgp/node-selector.ts';
import type { NodeSelector } from './bgp/node-selector.ts';
import { SETTINGS } from './config-table.ts';
import type { SettingName } from './config-table.ts';
import * as values from './config-values.ts';
import type { AddressFamily, Parse, RegionLabel } from './config-values.ts';
import { parseBackend, parseConfigMapName } from './load-balancer/backend-setting.ts';
import type { Backend } from './load-balancer/backend-setting.ts';

/** Keys of annotations; those of peers with `{{n}}` for the peer's number. */
export interface AnnotationKeys {
  readonly localAsn: string;
  readonly peerAsn: string;
  readonly peerIp: string;
  readonly sourceIp: string;
  readonly bgpPassword: string;
  readonly privateNetwork: string;
  readonly eipMetro: string;
  readonly eipFacility: string;
}

/** Everything that environment and file say. */
export interface Config extends Omit<PacketSettings, 'hasApiKey' | 'projectId'> {
  readonly projectId: ProjectId;
  readonly backend: Backend;
  readonly bgp: {
    readonly localAsn: number;
    readonly peerAsn: number;
    /** Never to be shown. */
    readonly password: string;
    readonly nodes: NodeSelector;
  };
  readonly annotations: AnnotationKeys;
  readonly elasticIps: {
    /** Addresses that may be announced at once, of each family; absent: what the project says; 0: no limit. */
    readonly maxPrefixes: number | undefined;
    /** Elastic IPs that no Service owns are released, not only reported. */
    readonly sweepsOrphans: boolean;
  };
  readonly controlPlane: {
    /** Absent: no elastic IP follows the control plane. */
    readonly eipTag: string | undefined;
    /** 0: that of `default/kubernetes`. */
    readonly apiServerPort: number;
    readonly checksHostIp: boolean;
    /** Failed checks in a row after which the elastic IP moves. */
    readonly failuresToMove: number;
    /** The API server's certificate is not checked. */
    readonly skipsVerification: boolean;
    readonly loadBalancerId: EmlbBalancerId | undefined;
  };
  /** The load balancer service, which has addresses of its own. */
  readonly emlb: { readonly url: string; readonly tokenUrl: string };
  readonly addressFamilies: readonly AddressFamily[];
  readonly regionLabel: RegionLabel;
  readonly logsHttp: boolean;
}

/** A configuration with what should be said about it, or everything that is wrong with it. */
export type ConfigReading =
  { readonly config: Config; readonly warnings: readonly string[] } | { readonly problems: readonly Problem[] };

/** Reads the settings. */
export function parseConfig(sources: SettingSources): ConfigReading {
  const reader = new SettingReader(sources);
  const { settings, problems, warnings } = readPacketSettings(sources);
  for (const message of problems) reader.refuse(message);
  if (!settings.hasApiKey && !isGiven('apiKey', sources)) reader.missing('apiKey', 'an API key of Packet');
  if (settings.projectId === undefined && !isGiven('projectId', sources)) {
    reader.missing('projectId', 'the UUID of the project that the cluster runs in');
  }
  const rest = {
    ...readBgp(reader),
    ...readNodes(reader),
    ...readElasticIps(reader),
    controlPlane: readControlPlane(reader),
    emlb: readEmlb(reader),
  };
  const annotations = readAnnotations(reader);
  const backend = readBackend(reader);
  warnAboutBalancer(rest.controlPlane, backend, reader);
  const { projectId } = settings;
  if (reader.problems.length > 0 || projectId === undefined) return { problems: reader.problems };
  const { hasApiKey: _, ...places } = settings;
  return {
    config: { ...places, projectId, backend, annotations, ...rest },
    warnings: [...warnings, ...reader.warnings],
  };
}

/** Problems of the configuration as the error that ends the process. */
export function configError(problems: readonly Problem[]): OperatorError {
  return new OperatorError('CONFIG_INVALID', problems.map(({ message }) => message).join('; '), never);
}

/** The settings that are given, as a log may show them: secrets masked. */
export function shownSettings(sources: SettingSources): Readonly<Record<string, string>> {
  const rows: readonly (readonly [string, SettingRow])[] = Object.entries(SETTINGS);
  return Object.fromEntries(
    rows.flatMap(([name, row]) => {
      const found = readSetting(row, sources);
      return found === undefined ? [] : [[name, shownSetting(row, found)]];
    }),
  );
}

/** Values that must never be shown. */
export function secretsOf(sources: SettingSources): readonly string[] {
  const rows: readonly SettingRow[] = Object.values(SETTINGS);
  const names = rows.filter(({ isSecret }) => isSecret === true);
  // Every name counts, not only the one that wins.
  const single = names.flatMap((row) => [
    ...row.env.map((name) => readSetting({ ...row, env: [name], keys: [] }, sources)),
    readSetting({ ...row, env: [] }, sources),
  ]);
  return [...new Set(single.flatMap((found) => (found === undefined ? [] : [found.text])))];
}

class SettingReader {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];
  readonly #sources: SettingSources;

  constructor(sources: SettingSources) {
    this.#sources = sources;
  }

  /** The value of a setting; `undefined` when it is not there or not allowed. */
  read<T>(name: SettingName, parse: Parse<T>): T | undefined {
    const row: SettingRow = SETTINGS[name];
    const found = readSetting(row, this.#sources);
    if (found === undefined) return undefined;
    const warning = warnAboutSetting(row, this.#sources);
    if (warning !== undefined) this.warnings.push(warning);
    const value = parse(found.text);
    if (!values.isBad(value)) return value;
    const shown = JSON.stringify(shownSetting(row, found));
    const message = `${found.origin}: ${shown} is not allowed, use ${value.use}`;
    this.problems.push({ field: found.origin, message, severity: 'error' });
    return undefined;
  }

  missing(name: SettingName, what: string): void {
    const row: SettingRow = SETTINGS[name];
    this.refuse(`${what} is required: set ${namesOf(row)}`, row.env[0]);
  }

  refuse(message: string, field = 'configuration'): void {
    this.problems.push({ field, message, severity: 'error' });
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}

function isGiven(name: SettingName, sources: SettingSources): boolean {
  return readSetting(SETTINGS[name], sources) !== undefined;
}

// The newest form counts; the two old ones are read where it is absent.
function readBackend(reader: SettingReader): Backend {
  const newest = reader.read('loadBalancer', parseBackend);
  const ofConfigMap = reader.read('loadBalancerConfigMap', parseConfigMapName);
  const isOff = reader.read('loadBalancerDisabled', values.parseGoBool);
  if (newest !== undefined) return newest;
  return isOff === true ? { kind: 'off' } : (ofConfigMap ?? { kind: 'off' });
}

function readBgp(reader: SettingReader): Pick<Config, 'bgp'> {
  return {
    bgp: {
      localAsn: reader.read('localAsn', values.parseAsn) ?? Number(SETTINGS.localAsn.byDefault),
      peerAsn: reader.read('peerAsn', values.parseAsn) ?? Number(SETTINGS.peerAsn.byDefault),
      password: reader.read('bgpPassword', values.parseText) ?? '',
      nodes: reader.read('bgpNodeSelector', parseNodeSelector) ?? ALL_NODES,
    },
  };
}

function readElasticIps(reader: SettingReader): Pick<Config, 'elasticIps'> {
  return {
    elasticIps: {
      maxPrefixes: reader.read('bgpMaxPrefixes', values.parseCount),
      sweepsOrphans: reader.read('eipSweep', values.parseGoBool) ?? false,
    },
  };
}

function readNodes(reader: SettingReader): Pick<Config, 'addressFamilies' | 'regionLabel' | 'logsHttp'> {
  return {
    addressFamilies: reader.read('addressFamilies', values.parseFamilies) ?? ['ipv4'],
    regionLabel: reader.read('regionLabel', values.parseRegionLabel) ?? 'metro',
    logsHttp: reader.read('httpDebug', values.parseText) !== undefined,
  };
}

function readControlPlane(reader: SettingReader): Config['controlPlane'] {
  return {
    eipTag: reader.read('eipTag', values.parseText),
    apiServerPort: reader.read('apiServerPort', values.parsePort) ?? 0,
    checksHostIp: reader.read('eipHealthCheckUseHostIp', values.parseGoBool) ?? false,
    failuresToMove:
      reader.read('eipHealthCheckFailures', values.parseTimes) ?? Number(SETTINGS.eipHealthCheckFailures.byDefault),
    skipsVerification: reader.read('eipHealthCheckSkipVerify', values.parseGoBool) ?? false,
    loadBalancerId: reader.read('loadBalancerId', values.parseBalancerId),
  };
}

// The Go program took the ID without a word where it had no use for it.
function warnAboutBalancer(
  { loadBalancerId, eipTag }: Config['controlPlane'],
  backend: Backend,
  reader: SettingReader,
): void {
  if (loadBalancerId === undefined) return;
  if (eipTag !== undefined) {
    reader.warn('METAL_LOAD_BALANCER_ID has no effect beside METAL_EIP_TAG: the elastic IP wins; unset one of them');
  } else if (backend.kind !== 'emlb') {
    reader.warn(
      'METAL_LOAD_BALANCER_ID has no effect unless METAL_LOAD_BALANCER is emlb:///<metro>: nobody sets up the load balancer of the control plane',
    );
  }
}

function readEmlb(reader: SettingReader): Config['emlb'] {
  return {
    url: reader.read('emlbUrl', values.parseHttpUrl) ?? SETTINGS.emlbUrl.byDefault,
    tokenUrl: reader.read('emlbTokenUrl', values.parseHttpUrl) ?? SETTINGS.emlbTokenUrl.byDefault,
  };
}

function readAnnotations(reader: SettingReader): AnnotationKeys {
  const key = (name: SettingName & `annotation${string}`): string =>
    reader.read(name, values.parseAnnotationKey) ?? SETTINGS[name].byDefault;
  const peerKey = (name: SettingName & `annotation${string}`): string => {
    const found = key(name);
    if (!found.includes(values.PEER_NUMBER)) {
      reader.warn(
        `annotation ${found} has no ${values.PEER_NUMBER} in it: only the first BGP peer of a node is written to it`,
      );
    }
    return found;
  };
  return {
    localAsn: peerKey('annotationLocalAsn'),
    peerAsn: peerKey('annotationPeerAsn'),
    peerIp: peerKey('annotationPeerIp'),
    sourceIp: peerKey('annotationSourceIp'),
    bgpPassword: peerKey('annotationBgpPassword'),
    privateNetwork: key('annotationPrivateNetwork'),
    eipMetro: key('annotationEipMetro'),
    eipFacility: key('annotationEipFacility'),
  };
}
