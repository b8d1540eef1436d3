// A user's folder: generate-yaml.sh with what it needs, so that the files that it writes are the test's own.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { runCommand } from './command.ts';
import type { CommandResult } from './command.ts';

const app = path.resolve(import.meta.dirname, '../../..');

/** Paths of the four files. */
export type ClusterFiles = Readonly<Record<'cluster' | 'machines' | 'components' | 'addons', string>>;

/** The folder. */
export class Desk {
  readonly folder: string;
  readonly files: ClusterFiles;

  constructor(folder: string) {
    this.folder = folder;
    const at = (name: string): string => path.join(folder, 'out/packet', name);
    this.files = {
      cluster: at('cluster.yaml'),
      machines: at('machines.yaml'),
      components: at('provider-components.yaml'),
      addons: at('addons.yaml'),
    };
    mkdirSync(folder, { recursive: true });
    for (const name of ['generate-yaml.sh', 'config']) {
      cpSync(path.join(app, name), path.join(folder, name), { recursive: true });
    }
    symlinkSync(path.join(app, 'dist'), path.join(folder, 'dist'));
  }

  /** Runs generate-yaml.sh. */
  generate(env: Readonly<Record<string, string>>): Promise<CommandResult> {
    return runCommand(['./generate-yaml.sh'], { cwd: this.folder, env });
  }

  /** Edits machines.yaml: how many workers, of which version. */
  editWorkers({ replicas, version }: { readonly replicas: number; readonly version: string }): void {
    const documents = parseAllDocuments(readFileSync(this.files.machines, 'utf8'));
    const workers = documents.find((document) => document.get('kind') === 'MachineDeployment');
    workers?.setIn(['spec', 'replicas'], replicas);
    workers?.setIn(['spec', 'template', 'spec', 'versions', 'kubelet'], version);
    writeFileSync(this.files.machines, documents.map(String).join('---\n'));
  }
}
