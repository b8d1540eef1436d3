// The file of `-config`, read again for every machine, so that an edited ConfigMap takes effect without a restart.
import { readFile } from 'node:fs/promises';
import { OperatorError, backoff } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { parseMachineConfigs } from './machine-configs.ts';
import type { MachineConfigs, MachineSetup } from './machine-configs.ts';

/** Reads the machine configuration. */
export class MachineConfigFile {
  readonly #path: string;
  readonly #log: Logger;
  #last: { readonly text: string; readonly configs: MachineConfigs } | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** What the file holds now. Throws MACHINE_CONFIGS_UNREADABLE or MACHINE_CONFIGS_INVALID; warnings are logged once per content. */
  async setups(): Promise<readonly MachineSetup[]> {
    const text = await readText(this.#path);
    if (this.#last?.text === text) return this.#last.configs.setups;
    const configs = parseMachineConfigs(text, this.#path);
    for (const warning of configs.warnings) {
      this.#log.warn('the machine configuration has something that nobody reads', { path: this.#path, warning });
    }
    this.#last = { text, configs };
    return configs.setups;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const message = `the machine configuration ${path} cannot be read: name the file by -config`;
    throw new OperatorError('MACHINE_CONFIGS_UNREADABLE', message, backoff, { cause: error });
  }
}
