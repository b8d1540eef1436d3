// The program that runs in a machine in place of its init system: it starts and stops the stand-ins of containerd and kubelet as the files
// in /run/longshore/wanted say, which the stand-in of systemctl writes, and says in /run/longshore/active what is up.
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Kubelet } from './kubelet.ts';
import { serveRuntime } from './runtime-socket.ts';
import type { ImagePrograms } from './static-pod-plan.ts';

interface Service {
  restart(): void;
  stop(): Promise<void>;
}

interface MachineFile {
  readonly images: ImagePrograms;
  readonly pretendsPods: boolean;
}

const FOLDER = '/run/longshore';
const ROUND_MS = 50;

const STARTS: Readonly<Record<string, () => Promise<Service>>> = {
  containerd: async () => {
    const runtime = await serveRuntime('/run/containerd/containerd.sock');
    return { restart: () => {}, stop: () => runtime.close() };
  },
  kubelet: async () => {
    const machine = JSON.parse(readFileSync('/var/lib/longshore/machine.json', 'utf8')) as MachineFile;
    const version = `v${readFileSync('/var/lib/longshore/packages/kubelet', 'utf8').trim()}`;
    const { images, pretendsPods } = machine;
    return new Kubelet({ images, pretendsPods, version, log: (line) => logLine('kubelet', line) });
  },
};

const running = new Map<string, Service>();
for (const name of ['wanted', 'active', 'restart']) mkdirSync(`${FOLDER}/${name}`, { recursive: true });
for (;;) {
  await round().catch((error: unknown) => logLine('services', String(error)));
  await wait(ROUND_MS);
}

async function round(): Promise<void> {
  const wanted = readdirSync(`${FOLDER}/wanted`);
  for (const [name, service] of running) {
    if (wanted.includes(name)) continue;
    await service.stop();
    running.delete(name);
    rmSync(`${FOLDER}/active/${name}`, { force: true });
    logLine(name, 'stopped');
  }
  for (const name of wanted) await start(name);
  for (const name of readdirSync(`${FOLDER}/restart`)) {
    running.get(name)?.restart();
    rmSync(`${FOLDER}/restart/${name}`);
  }
}

async function start(name: string): Promise<void> {
  const make = STARTS[name];
  if (make === undefined || running.has(name)) return;
  running.set(name, await make());
  writeFileSync(`${FOLDER}/active/${name}`, '');
  logLine(name, 'started');
}

function logLine(name: string, line: string): void {
  if (!existsSync('/var/log')) return;
  appendFileSync(`/var/log/${name}.log`, `${new Date().toISOString()} ${name}: ${line}\n`);
}
