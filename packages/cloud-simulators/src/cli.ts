#!/usr/bin/env node
// `cloud-simulators digitalocean`: a simulated cloud for trying out manifests and programs without an account. Runs until SIGTERM.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { simulateCloudscale } from './cloudscale/simulate-cloudscale.ts';
import { simulateDigitalOcean } from './digitalocean/simulate-digitalocean.ts';
import { bootPacket } from './packet/boot/boot-packet.ts';
import { simulatePacket } from './packet/simulate-packet.ts';
import type { PacketOptions, PacketSimulator } from './packet/simulate-packet.ts';

interface DigitalOceanFlags {
  readonly port: number;
  readonly droplets: number;
  readonly latency: number;
  readonly timeToActive: number;
  readonly token?: string;
  readonly region: string;
  readonly quota: boolean;
}

interface CloudscaleFlags {
  readonly port: number;
  readonly servers: number;
  readonly latency: number;
  readonly timeToRunning: number;
  readonly token?: string;
  readonly zone: string;
}

interface PacketFlags {
  readonly port: number;
  readonly metadataPort: number;
  readonly devices: number;
  readonly latency: number;
  readonly provisioning: number;
  readonly token?: string;
  readonly facility: string;
  readonly pathPrefix?: string;
  readonly boot: boolean;
  readonly consoleFolder?: string;
}

function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version: unknown }).version);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return port;
}

async function runDigitalOcean(flags: DigitalOceanFlags): Promise<void> {
  const simulator = await simulateDigitalOcean({
    port: flags.port,
    droplets: flags.droplets,
    latencyMs: flags.latency,
    timeToActiveMs: flags.timeToActive,
    token: flags.token ?? `simulated-${randomBytes(12).toString('hex')}`,
    region: flags.region,
    ...(flags.quota ? {} : { quota: 'off' as const }),
  });
  console.log(
    [
      `A simulated DigitalOcean with ${flags.droplets} droplets runs at ${simulator.url}`,
      '',
      `export DO_ACCESS_TOKEN=${simulator.token}`,
      `export DO_OVERRIDE_URL=${simulator.url}/`,
      `export REGION=${simulator.region}`,
      '',
      `What it has: curl ${simulator.url}/__world`,
      `Metadata service: ${simulator.url}/metadata/v1/region`,
      'Stop it with Ctrl-C or SIGTERM.',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await simulator.close();
}

async function runCloudscale(flags: CloudscaleFlags): Promise<void> {
  const simulator = await simulateCloudscale({
    port: flags.port,
    servers: flags.servers,
    latencyMs: flags.latency,
    timeToRunningMs: flags.timeToRunning,
    token: flags.token ?? `simulated-${randomBytes(12).toString('hex')}`,
    zone: flags.zone,
  });
  console.log(
    [
      `A simulated cloudscale.ch with ${flags.servers} servers runs at ${simulator.url}`,
      '',
      `export CLOUDSCALE_ACCESS_TOKEN=${simulator.token}`,
      `export CLOUDSCALE_API_URL=${simulator.url}/`,
      '',
      `What it has: curl ${simulator.url}/__world`,
      'Stop it with Ctrl-C or SIGTERM.',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await simulator.close();
}

async function startPacket(flags: PacketFlags): Promise<PacketSimulator> {
  const options: PacketOptions = {
    port: flags.port,
    metadataPort: flags.metadataPort,
    devices: flags.devices,
    latencyMs: flags.latency,
    provisioningMs: flags.provisioning,
    token: flags.token ?? `simulated-${randomBytes(12).toString('hex')}`,
    facility: flags.facility,
    ...(flags.pathPrefix === undefined ? {} : { pathPrefix: flags.pathPrefix }),
  };
  if (!flags.boot) return simulatePacket(options);
  const { consoleFolder } = flags;
  const boot = { onProgress: console.log, ...(consoleFolder === undefined ? {} : { consoleFolder }) };
  const site = await bootPacket({ ...options, boot });
  return { ...site.simulator, close: () => site.close() };
}

async function runPacket(flags: PacketFlags): Promise<void> {
  const simulator = await startPacket(flags);
  console.log(
    [
      `A simulated Packet (Equinix Metal) with ${flags.devices} devices runs at ${simulator.url}`,
      '',
      `export PACKET_AUTH_TOKEN=${simulator.token}`,
      `export PACKET_PROJECT_ID=${simulator.projectId}`,
      `export PACKET_API_URL=${simulator.url}/`,
      `export PACKET_METADATA_URL=${simulator.metadata.url}`,
      '',
      `What it has: curl ${simulator.url}/__world`,
      `Metadata of one device: ${simulator.metadata.urlOf('node-1')}/metadata`,
      'Stop it with Ctrl-C or SIGTERM.',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await simulator.close();
}

const program = new Command('cloud-simulators')
  .description('Simulated clouds over HTTP, reachable from this machine only')
  .version(versionOf())
  .showHelpAfterError('(add --help for all options)');

program
  .command('digitalocean')
  .description("simulate DigitalOcean's API: droplets, load balancers, firewalls, certificates, tags and more")
  .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 0)
  .option('--droplets <count>', 'droplets at the start', wholeNumber, 3)
  .option('--latency <ms>', 'time from a request to its answer', wholeNumber, 0)
  .option('--time-to-active <ms>', 'time until a new load balancer is active', wholeNumber, 60_000)
  .option('--token <token>', 'token that clients must send; default: a random one')
  .option('--region <slug>', 'region of the droplets and of the metadata service', 'fra1')
  .option('--no-quota', 'without the rate limit of 5000 calls an hour and 250 a minute')
  .action(runDigitalOcean);

program
  .command('cloudscale')
  .description("simulate cloudscale.ch's API: servers, load balancers and their parts, floating IPs, networks")
  .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 0)
  .option('--servers <count>', 'servers at the start', wholeNumber, 3)
  .option('--latency <ms>', 'time from a request to its answer', wholeNumber, 0)
  .option('--time-to-running <ms>', 'time until a new load balancer is running', wholeNumber, 60_000)
  .option('--token <token>', 'token that clients must send; default: a random one')
  .option('--zone <slug>', 'zone of the servers: rma1 or lpg1', 'rma1')
  .action(runCloudscale);

program
  .command('packet')
  .description("simulate Packet's API (Equinix Metal): devices, elastic IPs, BGP, volumes, VLANs, metadata and more")
  .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 0)
  .option('--metadata-port <port>', 'port of the metadata service; 0 takes any free one', portNumber, 0)
  .option('--devices <count>', 'devices at the start', wholeNumber, 3)
  .option('--latency <ms>', 'time from a request to its answer', wholeNumber, 0)
  .option('--provisioning <ms>', 'time until a new device is active', wholeNumber, 5_000)
  .option('--token <token>', 'token that clients must send; default: a random one')
  .option('--facility <code>', 'facility of the devices', 'ewr1')
  .option('--path-prefix <path>', 'serve the API below a path, such as /metal/v1')
  .option('--boot', 'devices are machines that run their user data; Linux and root are needed', false)
  .option('--console-folder <path>', 'with --boot: a folder that gets what each machine prints')
  .action(runPacket);

try {
  await program.parseAsync();
} catch (error) {
  const isPortTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const reason = error instanceof Error ? error.message : String(error);
  console.error(`cloud-simulators: ${isPortTaken ? `${reason}; choose another --port` : reason}`);
  process.exitCode = 1;
}
