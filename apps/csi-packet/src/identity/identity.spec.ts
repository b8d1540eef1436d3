// The Identity service as a client sees it, over the real socket.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startDriver } from '../test-support/running-driver.ts';
import type { DriverStart, RunningDriver } from '../test-support/running-driver.ts';
import { codeOf } from '../test-support/csi-client.ts';
import { identityService } from './identity.ts';
import { Readiness } from './readiness.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

let driver: RunningDriver | undefined;
afterEach(async () => {
  await driver?.stop();
  driver = undefined;
});
const start = async (options: DriverStart = {}): Promise<RunningDriver> => (driver = await startDriver(options));

describe('Identity', () => {
  test('CP row 1 the name is net.packet.csi and there is a version', async () => {
    const { client } = await start();
    expect(await client.identity.getPluginInfo({})).toEqual({
      name: 'net.packet.csi',
      vendorVersion: expect.stringMatching(/^v\d+\.\d+\.\d+$/),
      manifest: {},
    });
  });

  test('CP row 2 the name can be set to that of the other era', async () => {
    const { client } = await start({ flags: ['--driver-name=csi.packet.net'] });
    expect((await client.identity.getPluginInfo({})).name).toBe('csi.packet.net');
  });

  test('CP row 4 without credentials there is no controller service', async () => {
    const { client } = await start();
    const { capabilities } = await client.identity.getPluginCapabilities({});
    expect(capabilities).toEqual([
      { service: { type: 2 }, volumeExpansion: undefined },
      { service: undefined, volumeExpansion: { type: 1 } },
    ]);
  });

  test('CP row 8 without credentials the controller is not there: 12', async () => {
    const { client } = await start();
    expect(await codeOf(client.controller.createVolume({ name: 'a' }))).toBe(12);
    expect(await codeOf(client.controller.controllerGetCapabilities({}))).toBe(12);
  });

  test('--offline-expansion is told', async () => {
    const { client } = await start({ flags: ['--offline-expansion'] });
    const { capabilities } = await client.identity.getPluginCapabilities({});
    expect(capabilities).toContainEqual({ service: undefined, volumeExpansion: { type: 2 } });
  });
});

describe('Probe', () => {
  const readiness = new Readiness();
  const service = identityService({
    driverName: 'net.packet.csi',
    version: 'v1',
    hasController: true,
    expandsOnline: true,
    readiness,
  });
  const probe = (): unknown => service.probe({}, { signal: new AbortController().signal });

  test('CP row 6 while it starts and while it stops it is not ready, and a stop is not undone', () => {
    expect(probe()).toEqual({ ready: false });
    readiness.markReady();
    expect(probe()).toEqual({ ready: true });
    readiness.markStopping();
    readiness.markReady();
    expect(probe()).toEqual({ ready: false });
  });

  test('CP row 7 a problem is told with its words: 9', () => {
    const unfit = new Readiness();
    unfit.markReady();
    unfit.watch(() => undefined);
    unfit.watch(() => 'iscsiadm is not on this machine');
    const options = { driverName: 'a', version: 'v1', hasController: false, expandsOnline: true, readiness: unfit };
    const ask = (): unknown => identityService(options).probe({}, { signal: new AbortController().signal });
    expect(ask).toThrow(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', message: expect.stringContaining('iscsiadm') }),
    );
  });
});
