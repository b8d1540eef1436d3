import { describe, expect, test } from '@jest/globals';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import type { ProviderConfig } from './wiring-program.ts';
import { importSimulators, startSimulation } from './wiring-simulate.ts';

const program = {
  name: 'acme-ccm',
  providerName: 'acme',
  version: 'v1',
  description: '',
  create: () => Promise.reject(new Error()),
};

function config(isAsked: boolean): ProviderConfig {
  return { flags: { simulate: isAsked }, env: {}, log: recordingLogger() } as unknown as ProviderConfig;
}

describe('--simulate', () => {
  test('starts the simulator only when asked', async () => {
    const simulation = { env: { ACME_URL: 'http://127.0.0.1:1' }, description: 'acme', stop: () => Promise.resolve() };
    const simulating = { ...program, simulate: () => Promise.resolve(simulation) };
    expect(await startSimulation(simulating, config(true))).toBe(simulation);
    expect(await startSimulation(simulating, config(false))).toBeUndefined();
  });

  test('is refused where there is no simulator', async () => {
    await expect(startSimulation(program, config(true))).rejects.toMatchObject({ code: 'SIMULATION_UNSUPPORTED' });
  });

  test('says what to install when the simulators are missing', async () => {
    const missing = Object.assign(new Error("Cannot find package '@longshore/cloud-simulators'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(importSimulators(() => Promise.reject(missing))).rejects.toThrow(
      '--simulate needs the package @longshore/cloud-simulators, which is not installed beside this program: npm install @longshore/cloud-simulators',
    );
    await expect(importSimulators(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
