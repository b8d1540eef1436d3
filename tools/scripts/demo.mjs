// `npm run demo`: installs what is missing, then hands over to the demo proper under the pinned Node.
// Signals reach the demo through the terminal's process group; this process only waits and passes on the exit code.
import { spawn } from 'node:child_process';
import { ensureDependencies, environment, root } from './setup.mjs';

ensureDependencies();
const args = ['--conditions=@longshore/source', 'tools/demo/src/main.ts', ...process.argv.slice(2)];
const demo = spawn('node', args, { cwd: root, stdio: 'inherit', env: { ...environment(), CI: process.env.CI ?? '' } });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill(signal));
demo.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
