// The YAML that users of this program apply.
import path from 'node:path';
import type { KubeService } from '@longshore/k8s-runtime';
import { ManifestFolder } from '@longshore/k8s-runtime/testing';

/** Folder of the program; users run kubectl there. */
export const appFolder = path.resolve(import.meta.dirname, '../..');

/** Everything in it. */
export const manifests = new ManifestFolder(appFolder);

/** What is applied to run the program. */
export const MANIFEST = 'deploy/latest.yml';

/** Kinds that a cluster knows only when something else is installed. */
export const needsMore = (file: string): boolean =>
  manifests.objectsOf(file).some(({ apiVersion }) => apiVersion.startsWith('gateway.networking.k8s.io/'));

/** The Services of type LoadBalancer of an example, with the node ports that the API server would add. */
export function exampleServices(file: string): readonly KubeService[] {
  const services = manifests.objectsOf(file).filter(({ kind }) => kind === 'Service') as unknown as KubeService[];
  return services
    .filter(({ spec }) => spec?.type === 'LoadBalancer')
    .map((service) => {
      const ports = (service.spec?.ports ?? []).map((port) => ({ ...port, nodePort: 30_000 + port.port }));
      return { ...service, spec: { ...service.spec, ports } };
    });
}
