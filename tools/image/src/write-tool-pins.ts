// `npm run pins` (tools/image): writes gen/tool-packages.ts anew, the versions and hashes of the packages of tools for both processors, as
// this machine's apt sources have them now. They have to be Debian 12's, like the libraries of the shared layer. Installs nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CSI_TOOLS } from './csi-tools.ts';
import type { Arch } from './oci.ts';
import { parsePackages, pinsFile } from './tool-pins.ts';

const names = Object.keys(CSI_TOOLS.packages);
const pins = { amd64: pinsOf('amd64'), arm64: pinsOf('arm64') };
writeFileSync(path.join(import.meta.dirname, 'gen/tool-packages.ts'), pinsFile(pins));

// apt with lists of its own: another processor's are not on this machine, and nothing of it is to change.
function pinsOf(arch: Arch): ReturnType<typeof parsePackages> {
  const folder = mkdtempSync(path.join(tmpdir(), 'longshore-pins-'));
  try {
    for (const name of ['lists/partial', 'archives/partial']) mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, 'status'), '');
    const settings = [
      ...[`Dir::State=${folder}`, `Dir::State::status=${folder}/status`, `Dir::Cache=${folder}`],
      ...[`APT::Architecture=${arch}`, `APT::Architectures=${arch}`],
    ].flatMap((setting) => ['-o', setting]);
    execFileSync('apt-get', ['update', '-q', ...settings], { stdio: ['ignore', 2, 2] });
    const shown = execFileSync('apt-cache', ['show', '--no-all-versions', ...settings, ...names], { encoding: 'utf8' });
    return parsePackages(shown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
