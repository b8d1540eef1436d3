// The command line: the four flags of the Go program and what is new.
import { boolFlag, defineFlags, enumFlag, intFlag, stringFlag } from '@longshore/k8s-runtime/process';
import type { FlagValues } from '@longshore/k8s-runtime/process';
import { nodeFlags } from '../node/node-flags.ts';
import { parseEndpoint } from '../server/endpoint.ts';
import { driverNameProblem, RELEASED_DRIVER_NAME } from './driver-name.ts';
import { LOG_LEVELS, parseLogLevel } from './log-level.ts';

/** Name of the program. */
export const PROGRAM = 'csi-packet';

const controller = 'Controller';
const registration = 'Registration';
const serving = 'Health and metrics';

/** The flags. */
export const driverFlags = defineFlags({
  endpoint: stringFlag({
    help: 'The socket to serve CSI on: unix:///csi/csi.sock, a path, or tcp://address:port. Default: the environment variable CSI_ENDPOINT.',
    validate: (text) => {
      const endpoint = parseEndpoint(text, '/');
      return text !== '' && 'problem' in endpoint ? endpoint.problem : undefined;
    },
  }),
  nodeid: stringFlag({
    help: "The node's identity: the device's UUID, its hostname or one of its addresses. Default: the UUID that the metadata service tells.",
  }),
  v: stringFlag({
    default: 'info',
    short: 'v',
    help: `Log level as logrus knows it: ${LOG_LEVELS.map((name, level) => `${level} ${name}`).join(', ')}; number or name.`,
    validate: (text) => (parseLogLevel(text) === undefined ? 'is no log level: use 0 to 6 or a name' : undefined),
  }),
  config: stringFlag({
    help: 'The JSON file with apiKey, projectID and facilityID, or the folder that a Secret is mounted at. Without an API key only the node side runs.',
  }),
  'driver-name': stringFlag({
    default: RELEASED_DRIVER_NAME,
    help: 'The name of the driver in StorageClasses and PersistentVolumes. csi.packet.net for volumes of the unreleased Go program.',
    validate: driverNameProblem,
  }),
  mode: enumFlag({
    default: 'auto',
    values: ['auto', 'all', 'controller', 'node'],
    help: 'Which services to serve: auto is the controller where there is an API key, and the node side always.',
  }),
  'logging-format': enumFlag({ default: 'json', values: ['json', 'text'], help: 'Sets the log format.' }),
  'volume-limit': intFlag({
    default: 0,
    help: 'How many volumes a node may have; 0: no limit.',
    validate: (value) => (value < 0 ? 'must be 0 or more' : undefined),
  }),
  'lenient-parameters': boolFlag({
    default: false,
    group: controller,
    help: 'Take unknown StorageClass parameters and plans for the standard plan, as the Go program did, instead of refusing them.',
  }),
  'allow-foreign-delete': boolFlag({
    default: true,
    group: controller,
    help: 'Delete volumes that no CSI driver made, when a PersistentVolume with reclaim policy Delete names them.',
  }),
  'offline-expansion': boolFlag({
    default: false,
    group: controller,
    help: 'Grow volumes only while they are attached nowhere.',
  }),
  'registration-dir': stringFlag({
    group: registration,
    help: "kubelet's folder plugins_registry: the driver registers itself there. Without it a node-driver-registrar has to do so.",
  }),
  'kubelet-registration-path': stringFlag({
    group: registration,
    help: 'The socket of --endpoint as kubelet finds it on the host. Default: /var/lib/kubelet/plugins/<driver name>/csi.sock.',
  }),
  'http-endpoint': stringFlag({
    group: serving,
    help: 'Address for /healthz, /livez, /readyz and /metrics over HTTP, as :9808 or 127.0.0.1:9808. Default: none.',
    validate: (text) => (text === '' || parseHttpEndpoint(text) ? undefined : 'is no address like :9808'),
  }),
  'shutdown-grace': intFlag({
    default: 20,
    help: 'Seconds that running calls get to finish after SIGTERM.',
    validate: (value) => (value < 0 ? 'must be 0 or more' : undefined),
  }),
  ...nodeFlags,
});

/** Their values. */
export type DriverFlags = FlagValues<typeof driverFlags>;

/** `:9808` or `127.0.0.1:9808` as host and port. */
export function parseHttpEndpoint(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = /^(\[[0-9a-f:]+\]|[^:\s/]*):(\d{1,5})$/i.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) return undefined;
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) };
}
