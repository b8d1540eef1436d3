// A cloud controller manager as a process, for integration tests: node --conditions=@longshore/source acme-ccm.ts [flags].
import { runCloudControllerManager } from '../run.ts';
import { acmeProvider } from './acme-provider.ts';

await runCloudControllerManager({
  name: 'acme-ccm',
  providerName: 'acme',
  version: 'v0.0.1',
  description: 'A cloud controller manager for tests',
  secrets: (env) => [env['ACME_TOKEN']],
  create: async ({ env }) => acmeProvider(env),
});
