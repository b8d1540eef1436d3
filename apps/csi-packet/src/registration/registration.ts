// Registers the driver with kubelet without a sidecar: kubelet finds a socket in plugins_registry, asks it who is there, dials the driver's
// own socket, and says how that went.
import { join } from 'node:path';
import type { Logger } from '@longshore/reconciler-core';
import type { RegistrationServer } from '../gen/pluginregistration.ts';
import type { Handlers } from '../server/unary.ts';

/** What kubelet is told. */
export interface RegistrationOptions {
  readonly driverName: string;
  /** The driver's socket as kubelet finds it on the host. */
  readonly kubeletEndpoint: string;
  readonly log: Logger;
}

// The versions of the protocol of CSI plugins that kubelet knows, not those of CSI.
const SUPPORTED_VERSIONS = ['1.0.0'];

/** Socket of the registration; the name is that of the registrar sidecar, so the two can never both register. */
export function registrationSocket(folder: string, driverName: string): string {
  return join(folder, `${driverName}-reg.sock`);
}

/** The driver as kubelet sees it. */
export class Registration {
  readonly #options: RegistrationOptions;
  #problem: string | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** What kubelet said when it refused the driver; `undefined` when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The service of the socket. */
  get handlers(): Handlers<RegistrationServer> {
    const { driverName, kubeletEndpoint, log } = this.#options;
    return {
      getInfo: async () => ({
        type: 'CSIPlugin',
        name: driverName,
        endpoint: kubeletEndpoint,
        supportedVersions: SUPPORTED_VERSIONS,
      }),
      notifyRegistrationStatus: async ({ pluginRegistered, error }) => {
        this.#problem = pluginRegistered ? undefined : `kubelet refused the registration: ${error}`;
        if (pluginRegistered) log.info('registered with kubelet', { driver: driverName });
        else log.error('kubelet refused the registration', { driver: driverName, error });
        return {};
      },
    };
  }
}
