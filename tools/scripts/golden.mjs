// `npm run golden`: rewrites every page that is generated from code and compared with it in the tests. Needs a build.
import { ensureDependencies, run } from './setup.mjs';

const suites = [
  ['packages/k8s-runtime', 'reference-docs'],
  ['packages/cloud-provider', 'reference-docs'],
  ['tools/e2e', 'api-report'],
];

ensureDependencies();
process.env.UPDATE_GOLDEN = '1';
const steps = [
  ...suites.map(([folder, suite]) => ['npm', ['run', '--silent', 'test', `--workspace=${folder}`, '--', suite]]),
  ['npm', ['run', '--silent', 'docs', '--workspaces', '--if-present']],
];
process.exitCode = steps.map((step) => run(...step)).some((status) => status !== 0) ? 1 : 0;
