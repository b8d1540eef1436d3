// The Identity service: who the driver is, what it can do, whether it is ready.
import { PluginCapability_Service_Type, PluginCapability_VolumeExpansion_Type } from '../gen/csi.ts';
import type { IdentityServer, PluginCapability } from '../gen/csi.ts';
import { failedPrecondition } from '../server/csi-error.ts';
import type { Handlers } from '../server/unary.ts';
import type { Readiness } from './readiness.ts';

/** What the service tells. */
export interface IdentityOptions {
  readonly driverName: string;
  readonly version: string;
  readonly hasController: boolean;
  readonly expandsOnline: boolean;
  readonly readiness: Readiness;
}

/** The service. */
export function identityService(options: IdentityOptions): Handlers<IdentityServer> {
  const { driverName, version, readiness } = options;
  return {
    getPluginInfo: () => ({ name: driverName, vendorVersion: version, manifest: {} }),
    getPluginCapabilities: () => ({ capabilities: [...capabilitiesOf(options)] }),
    probe: () => {
      const { state } = readiness;
      if (state.kind === 'unfit') throw failedPrecondition(state.problem);
      return { ready: state.kind === 'ready' };
    },
  };
}

function capabilitiesOf({ hasController, expandsOnline }: IdentityOptions): readonly PluginCapability[] {
  const { CONTROLLER_SERVICE, VOLUME_ACCESSIBILITY_CONSTRAINTS } = PluginCapability_Service_Type;
  const { ONLINE, OFFLINE } = PluginCapability_VolumeExpansion_Type;
  return [
    ...(hasController ? [{ service: { type: CONTROLLER_SERVICE } }] : []),
    { service: { type: VOLUME_ACCESSIBILITY_CONSTRAINTS } },
    { volumeExpansion: { type: expandsOnline ? ONLINE : OFFLINE } },
  ];
}
