// A program that boots machines and is killed leaves nothing behind, and nothing in the way of the next one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { isInOwnNetwork, runSpecInOwnNetwork } from './spec-in-own-network.ts';
import { until } from '@longshore/reconciler-core/testing';
import { bootPacket } from './boot-packet.ts';
import { bootProblem } from './site.ts';

const problem = bootProblem();

if (problem !== undefined) {
  test.skip(`machines of a program that was killed are gone (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  test('machines of a program that was killed are gone, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +2 passed, 2 total[^]*exit code 0$/);
  }, 600_000);
} else {
  const processesIn = (network: string): readonly string[] =>
    readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && networkOf(pid) === network);

  test('machines of a program that was killed are gone, and another one boots', async () => {
    const program = fileURLToPath(new URL('../test-support/boot-and-wait.ts', import.meta.url));
    const child = spawn(process.execPath, ['--conditions=@longshore/source', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const network = said.toString().trim();
    expect(network).toMatch(/^net:\[\d+\]$/);
    expect(processesIn(network).length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await ended;
    await until('all processes of the machine are gone', () => processesIn(network).length === 0);
    const site = await until('the bridge is free', () => bootPacket());
    await site.close();
  }, 300_000);

  test('closing a site ends what its machines run, and takes the bridge away', async () => {
    const site = await bootPacket();
    const { id } = site.simulator.addDevice({ hostname: 'one', userdata: '#!/bin/sh\nsleep 1000 &\nsleep 1000\n' });
    await site.sync();
    const output = await site.machines.get(id)?.run(['readlink', '/proc/self/ns/net']);
    const network = output?.stdout.trim() ?? '';
    await until('its user data runs', () => site.firstBootOf(id) === 'running' && processesIn(network).length > 2);
    await site.close();
    await until('all processes of the machine are gone', () => processesIn(network).length === 0);
    expect(readdirSync('/sys/class/net')).toEqual(['lo']);
  }, 300_000);

  function networkOf(pid: string): string | undefined {
    try {
      return readlinkSync(`/proc/${pid}/ns/net`);
    } catch {
      return undefined;
    }
  }
}
