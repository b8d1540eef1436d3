// Puts the program together and keeps it in order: socket first, so that nobody waits for it; ready when the first look around is done;
// at the end no new calls, the running ones finish, the sockets go.
import {
  addProcessMetrics,
  createLogger,
  HealthChecks,
  logFlags,
  PageServer,
  parseFlags,
  PrometheusMetrics,
  standardPages,
  UsageError,
} from '@longshore/k8s-runtime/process';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { MetadataService, PACKET_SETTINGS, readCloudConfig, readSetting } from '@longshore/packet-api/local';
import type { SettingSources } from '@longshore/packet-api/local';
import { systemClock } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Controller } from './controller/controller.ts';
import { ControllerService, IdentityService, NodeService as NodeDefinition } from './gen/csi.ts';
import type { ControllerServer, IdentityServer, NodeServer } from './gen/csi.ts';
import { RegistrationService } from './gen/pluginregistration.ts';
import type { RegistrationServer } from './gen/pluginregistration.ts';
import { identityService } from './identity/identity.ts';
import { Readiness } from './identity/readiness.ts';
import { createNodeService } from './node/node-service.ts';
import type { NodeService } from './node/node-service.ts';
import { Registration, registrationSocket } from './registration/registration.ts';
import { GrpcServer } from './server/grpc-server.ts';
import type { ServedService } from './server/grpc-server.ts';
import { collectGarbage, MemoryAtRest } from './server/memory-at-rest.ts';
import { observeCalls } from './server/observe-calls.ts';
import { unaryService } from './server/unary.ts';
import { driverFlags, parseHttpEndpoint, PROGRAM } from './settings/flags.ts';
import type { DriverFlags } from './settings/flags.ts';
import { limitLog, parseLogLevel, verbosityOf } from './settings/log-level.ts';
import { parseSettings } from './settings/settings.ts';
import type { Settings } from './settings/settings.ts';
import { VERSION } from './version.ts';

const description =
  'CSI driver for Packet block storage: makes volumes, attaches them to machines, mounts them into pods.';

/** Runs until the context's signal aborts. */
export async function runDriver(context: ProcessContext): Promise<void> {
  const parsed = parseFlags(driverFlags, context.argv, { program: PROGRAM, version: VERSION, description });
  if (parsed.kind === 'print') return context.print(parsed.text);
  const flags = parsed.values;
  const log = loggerOf(context, flags);
  context.useLogger(log);
  const sources = await sourcesOf(context, flags);
  const reading = parseSettings(flags, sources, process.cwd());
  if ('problems' in reading) throw new UsageError(reading.problems);
  for (const warning of reading.warnings) log.warn(warning);
  logFlags(log, driverFlags, parsed);
  log.info('started', { version: VERSION, driver: reading.settings.driverName });
  await new Driver({ context, flags, settings: reading.settings, log, clock: systemClock }).run();
}

function loggerOf({ secrets }: ProcessContext, flags: DriverFlags): Logger {
  const level = parseLogLevel(flags.v) ?? 'info';
  const root = createLogger({
    format: flags['logging-format'],
    verbosity: verbosityOf(level),
    name: PROGRAM,
    secrets,
  });
  return limitLog(root, level);
}

async function sourcesOf({ env, secrets }: ProcessContext, flags: DriverFlags): Promise<SettingSources> {
  const reading = flags.config === '' ? { config: undefined } : await readCloudConfig(flags.config);
  if ('problem' in reading) throw new UsageError([`--config: ${reading.problem}`]);
  const sources: SettingSources = { env, config: reading.config };
  const rows = [
    { ...PACKET_SETTINGS.apiKey, env: [] },
    ...PACKET_SETTINGS.apiKey.env.map((name) => ({ ...PACKET_SETTINGS.apiKey, env: [name], keys: [] })),
  ];
  for (const row of rows) secrets.add(readSetting(row, sources)?.text);
  return sources;
}

interface DriverParts {
  readonly context: ProcessContext;
  readonly flags: DriverFlags;
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
}

class Driver {
  readonly #parts: DriverParts;
  readonly #readiness = new Readiness();
  readonly #metrics = new PrometheusMetrics();
  readonly #memory: MemoryAtRest;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#memory = new MemoryAtRest(parts.clock, collectGarbage);
    addProcessMetrics(this.#metrics, { version: `v${VERSION}` });
  }

  async run(): Promise<void> {
    const { context, flags, settings } = this.#parts;
    const node = await this.#makeNode();
    const controller = await this.#makeController();
    const driver = this.#server(settings.endpoint, this.#services(node, controller));
    await driver.listen();
    const registration = await this.#register();
    const pages = await this.#listenForPages();
    // Whatever ends first ends all: a part that can never work ends the program with its message.
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    try {
      const parts = [
        controller?.start(signal, () => this.#readiness.markReady()),
        node?.run(signal),
        pages?.run(signal),
      ];
      if (controller === undefined) this.#readiness.markReady();
      await Promise.race([untilAborted(context.signal), failureOf(parts)]);
    } finally {
      this.#readiness.markStopping();
      stop.abort(new Error('stopped'));
      await Promise.all(
        [driver, ...(registration ? [registration] : [])].map((server) => server.stop(flags['shutdown-grace'] * 1_000)),
      );
      this.#memory.stop();
      await controller?.stop();
    }
  }

  async #makeNode(): Promise<NodeService | undefined> {
    const { settings, flags, context, log, clock } = this.#parts;
    if (!settings.hasNode) return undefined;
    const node = await createNodeService({
      driverName: settings.driverName,
      nodeId: settings.nodeId,
      metadata: new MetadataService({ baseUrl: settings.metadataUrl }),
      volumeLimit: flags['volume-limit'],
      flags,
      env: context.env,
      clock,
      log: log.child({ name: 'node' }),
      metrics: this.#metrics,
    });
    if (settings.needsHostPrograms) this.#readiness.watch(() => node.problem());
    return node;
  }

  async #makeController(): Promise<Controller | undefined> {
    const { settings, flags, context, log, clock } = this.#parts;
    const { account } = settings;
    if (account === undefined) return undefined;
    const { createController } = await import('./controller/controller.ts');
    const options = { account, settings, flags, env: context.env, clock, metrics: this.#metrics };
    const controller = await createController({ ...options, log: log.child({ name: 'controller' }) });
    this.#readiness.watch(() => controller.problem());
    return controller;
  }

  #services(node: NodeService | undefined, controller: Controller | undefined): readonly ServedService[] {
    const { flags, settings } = this.#parts;
    const identity = identityService({
      driverName: settings.driverName,
      version: `v${VERSION}`,
      hasController: controller !== undefined,
      expandsOnline: !flags['offline-expansion'],
      readiness: this.#readiness,
    });
    const options = this.#unaryOptions();
    return [
      { definition: IdentityService, implementation: unaryService<IdentityServer>(identity, options) },
      ...(node
        ? [{ definition: NodeDefinition, implementation: unaryService<NodeServer>(node.handlers, options) }]
        : []),
      ...(controller
        ? [
            {
              definition: ControllerService,
              implementation: unaryService<ControllerServer>(controller.handlers, options),
            },
          ]
        : []),
    ];
  }

  #unaryOptions() {
    const { clock, log, context } = this.#parts;
    return { clock, log, redact: (text: string) => context.secrets.redact(text) };
  }

  #server(endpoint: Settings['endpoint'], services: readonly ServedService[]): GrpcServer {
    const { clock, log, settings } = this.#parts;
    const { driverName } = settings;
    const interceptors = [
      observeCalls({
        driverName,
        clock,
        log: log.child({ name: 'grpc' }),
        metrics: this.#metrics,
        ended: () => this.#memory.callEnded(),
      }),
    ];
    return new GrpcServer({ endpoint, services, interceptors, clock, log });
  }

  async #register(): Promise<GrpcServer | undefined> {
    const { flags, settings, log } = this.#parts;
    const folder = flags['registration-dir'];
    if (folder === '' || !settings.hasNode) return undefined;
    const { driverName, kubeletEndpoint } = settings;
    const registration = new Registration({ driverName, kubeletEndpoint, log });
    this.#readiness.watch(() => registration.problem);
    const implementation = unaryService<RegistrationServer>(registration.handlers, this.#unaryOptions());
    const endpoint = { kind: 'unix', path: registrationSocket(folder, driverName) } as const;
    const server = this.#server(endpoint, [{ definition: RegistrationService, implementation }]);
    await server.listen();
    return server;
  }

  async #listenForPages(): Promise<PageServer | undefined> {
    const { flags, settings, clock, log } = this.#parts;
    const address = parseHttpEndpoint(flags['http-endpoint']);
    if (address === undefined) return undefined;
    const sliMetrics = new PrometheusMetrics();
    const health = new HealthChecks({ clock, log, sliMetrics });
    health.add({ name: 'probe', check: () => this.#healthProblem() }, ['healthz', 'livez']);
    health.add({ name: 'ready', check: () => this.#readinessProblem() }, ['readyz']);
    const flagsOf = { table: driverFlags, values: flags };
    const pages = standardPages({
      program: PROGRAM,
      version: VERSION,
      metrics: this.#metrics,
      sliMetrics,
      health,
      flags: flagsOf,
      configz: () => ({ [PROGRAM]: { driverName: settings.driverName, endpoint: settings.endpoint } }),
      startedMs: clock.nowMs(),
      nowMs: () => clock.nowMs(),
    });
    const listen = {
      bindAddress: address.host,
      port: address.port,
      portFlag: '--http-endpoint',
      addressFlag: '--http-endpoint',
    };
    const server = new PageServer({ listen, pages, clock, log });
    await server.listen();
    return server;
  }

  #healthProblem(): string | undefined {
    const { state } = this.#readiness;
    return state.kind === 'unfit' ? state.problem : undefined;
  }

  #readinessProblem(): string | undefined {
    const { state } = this.#readiness;
    return state.kind === 'ready' ? undefined : (this.#healthProblem() ?? state.kind);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

// Rejects when one of them does; never resolves.
async function failureOf(parts: readonly (Promise<unknown> | undefined)[]): Promise<never> {
  await Promise.all(parts.filter((part) => part !== undefined));
  return new Promise<never>(() => {});
}
