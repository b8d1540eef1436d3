// The registration as kubelet uses it.
import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '@longshore/reconciler-core';
import { Registration, registrationSocket } from './registration.ts';

const registration = (): Registration =>
  new Registration({ driverName: 'net.packet.csi', kubeletEndpoint: '/plugins/csi.sock', log: silentLogger });
const call = { signal: new AbortController().signal };

describe('Registration', () => {
  test('the socket has the name that the sidecar would take: both can never register', () => {
    expect(registrationSocket('/registration', 'net.packet.csi')).toBe('/registration/net.packet.csi-reg.sock');
  });

  test('a refusal of kubelet is told by Probe until kubelet takes the driver', async () => {
    const own = registration();
    expect(own.problem).toBeUndefined();
    await own.handlers.notifyRegistrationStatus({ pluginRegistered: false, error: 'NodeGetInfo failed' }, call);
    expect(own.problem).toContain('NodeGetInfo failed');
    await own.handlers.notifyRegistrationStatus({ pluginRegistered: true, error: '' }, call);
    expect(own.problem).toBeUndefined();
  });

  test('kubelet is told a CSI plugin, its name and its socket', async () => {
    expect(await registration().handlers.getInfo({}, call)).toEqual({
      type: 'CSIPlugin',
      name: 'net.packet.csi',
      endpoint: '/plugins/csi.sock',
      supportedVersions: ['1.0.0'],
    });
  });
});
