// The table of annotations as the page docs/annotations/cloudscale.md. Pure; print-annotations.ts writes the page, a spec compares it. What an
// annotation means is here, and a new one without words for it does not compile.
import { ANNOTATIONS } from './annotations.ts';
import type { AnnotationName } from './annotations.ts';

interface Words {
  readonly meaning: string;
  /** What a change on a living Service does. */
  readonly change: string;
  /** What holds without it, where the table's value does not say it. */
  readonly without?: string;
}

const WORDS: Readonly<Record<AnnotationName, Words>> = {
  uuid: {
    meaning: 'The balancer of this Service.',
    change: 'Leave it: a UUID that does not exist heals through the name, one of another balancer is refused.',
    without: 'written by the controller',
  },
  configVersion: { meaning: 'Version of the defaults.', change: 'None.', without: 'written by the controller: `1`' },
  name: {
    meaning: 'Name of the balancer.',
    change: 'Renamed in place.',
    without: '`k8s-service-` and the UID of the Service',
  },
  zone: {
    meaning: 'Zone of the balancer. Set it where Nodes are in several zones.',
    change: 'Refused: a balancer cannot move.',
    without: 'the zone of the Nodes, written by the controller',
  },
  flavor: { meaning: 'Flavor of the balancer.', change: 'Refused.' },
  vipAddresses: {
    meaning: 'Private addresses of the balancer: it is then reached from these networks only.',
    change: 'Refused: make a new Service.',
    without: '`[]`: a public IPv4 and a public IPv6 address',
  },
  floatingIps: {
    meaning: 'Floating IPs of the project that point to the balancer. They are not shown in the status.',
    change:
      'New ones are assigned, last of all; those that are taken out stay where they are, because the API cannot unassign.',
    without: '`[]`',
  },
  poolAlgorithm: {
    meaning: 'How a pool chooses a member.',
    change: 'New pools are made beside the old ones, listeners move over, then the old ones go.',
  },
  poolProtocol: {
    meaning:
      'How pools of TCP ports speak to their members: `proxy` and `proxyv2` tell the address of the client, and pods have to expect it. UDP ports are always `udp`.',
    change: 'New pools are made beside the old ones, listeners move over, then the old ones go.',
  },
  forceHostname: {
    meaning: 'Shown in the status instead of addresses.',
    change: 'The status only.',
    without: 'addresses are shown',
  },
  ipMode: {
    meaning:
      'With `Proxy` pods of the cluster reach the balancer as clients outside do; with `VIP` kube-proxy may take a short cut past it.',
    change: 'The status only.',
  },
  delayS: { meaning: 'Seconds between two questions of the health monitor.', change: 'In place.' },
  timeoutS: { meaning: 'Seconds that the health monitor waits for an answer.', change: 'In place.' },
  upThreshold: { meaning: 'Good answers after which a member is up.', change: 'In place.' },
  downThreshold: { meaning: 'Bad answers after which a member is down.', change: 'In place.' },
  monitorType: {
    meaning:
      'How the health monitor asks, for all ports. `udp-connect` wants a delay of 3 or more. With `externalTrafficPolicy: Local` it is always `http`, on the health check node port.',
    change: 'The monitor is made again.',
  },
  monitorHttp: {
    meaning:
      'What a monitor of type `http` or `https` asks and expects. With `externalTrafficPolicy: Local` it replaces the question to kube-proxy (`/livez`), with a warning.',
    change: 'In place; another `version`: the monitor is made again. Taken out: the defaults again.',
    without: '`GET /`, version 1.1, code 200',
  },
  listenerProtocol: {
    meaning: 'Protocol of the listeners of TCP ports; UDP ports are always `udp`.',
    change: 'The listener is made again.',
  },
  allowedCidrs: {
    meaning: 'Who may come in. `spec.loadBalancerSourceRanges` is added to it; a bare address gets a mask.',
    change: 'In place.',
    without: '`[]`: everybody',
  },
  clientDataMs: { meaning: 'Milliseconds without data after which a client is cut off.', change: 'In place.' },
  memberConnectMs: { meaning: 'Milliseconds for the connection to a member.', change: 'In place.' },
  memberDataMs: { meaning: 'Milliseconds without data after which a member is cut off.', change: 'In place.' },
  allowedSubnets: {
    meaning: 'Subnets whose addresses become members (not listeners, despite its name).',
    change: 'Members come and go.',
    without: '`[]`: all',
  },
  nodeSelector: {
    meaning:
      'Nodes that become members, by their labels; those with `node.kubernetes.io/exclude-from-external-load-balancers` never do.',
    change: 'Members come and go.',
    without: 'all',
  },
};

const INTRODUCTION = `# Service annotations of cloudscale-ccm

<!-- Written by apps/cloudscale-ccm/src/print-annotations.ts from the tables beside it: change those, not this. -->

Put these on a Service of type LoadBalancer. They are the annotations of the Go program, with its defaults, so existing manifests keep working.

- Quote numbers: Kubernetes takes text only. Lists and objects are JSON. Blank counts as absent.
- Everything that is wrong with a Service is told by one event, before anything is built or changed. \`cloudscale-ccm explain service NAMESPACE/NAME\` shows it, too, and
  what would be done.
- An annotation that is taken out sets its default again, floating IPs excepted.
- A key that begins with \`k8s.cloudscale.ch/\` and is none of these is told by an event that names the nearest one.

| Annotation | Values | Without it | Meaning | A change on a living Service |
| --- | --- | --- | --- | --- |`;

/** The page. */
export function annotationsPage(): string {
  const rows = Object.entries(WORDS).map(([name, words]) => rowOf(name as AnnotationName, words));
  return `${[INTRODUCTION, ...rows].join('\n')}\n`;
}

function rowOf(name: AnnotationName, { meaning, change, without }: Words): string {
  const { key, kind, usual } = ANNOTATIONS[name];
  const initial = typeof usual === 'object' ? JSON.stringify(usual) : String(usual);
  const cells = [`\`${key}\``, kind.values, without ?? `\`${initial}\``, meaning, change];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
