// What the two bash helpers call, on whatever Node is there (18 or newer): installs what is missing and goes on with the pinned Node in
// tools/image/src/test-cluster/main.ts. `build` builds the program.
'use strict';
const path = require('node:path');

(async () => {
  const { ensureDependencies, run } = await import('../../../tools/scripts/setup.mjs');
  ensureDependencies();
  if (process.argv[2] === 'build') {
    process.exitCode = run('nx', ['run', '@longshore/cloudscale-ccm:build', '--output-style=static']);
    return;
  }
  const main = path.resolve(__dirname, '../../../tools/image/src/test-cluster/main.ts');
  process.exitCode = run('node', ['--conditions=@longshore/source', main, ...process.argv.slice(2)], {
    cwd: process.cwd(),
  });
})();
