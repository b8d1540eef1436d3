// The import rules of docs/architecture.md as data: who may import whom, and which file may import values of which library.

/** What a layer may import, by tag of the other project. `tool` projects and specs may import everything. */
export const allowedLayers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  runtime: ['core'],
  ccm: ['core', 'runtime'],
  http: ['core'],
  api: ['core', 'http'],
  app: ['core', 'runtime', 'ccm', 'http', 'api'],
  support: ['core', 'runtime', 'ccm', 'http', 'api', 'support'],
  tool: ['core', 'runtime', 'ccm', 'http', 'api', 'support', 'app', 'tool'],
};

/** Libraries whose values only these files may import (paths from the repository's root); types are free. */
export const soleImporters: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['packages/k8s-runtime/src/client/client-node-credentials.ts'],
  axios: ['packages/cloud-http/src/cloud-http.ts'],
  winston: ['packages/k8s-runtime/src/process/log.ts'],
};

/** A layer that may be reached by a dynamic import only (behind `--simulate`): from the layer to the layer. */
export const dynamicOnly: readonly (readonly [from: string, to: string])[] = [['app', 'support']];

/** Projects that may use only this entry of k8s-runtime. */
export const processEntryOnly: readonly string[] = ['@longshore/csi-packet'];
