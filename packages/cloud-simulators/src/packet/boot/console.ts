// What machines print at their first boot, as their console would show it. It outlives its device, so that a test can ask why.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** How far the user data of a machine has come. */
export type FirstBootState = 'none' | 'running' | 'done' | 'failed';

const LONGEST = 1024 * 1024;

/** The console of one device. */
export class DeviceConsole {
  state: FirstBootState = 'none';
  #text = '';
  readonly #file: string | undefined;

  /** `file`: written to as well. */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Everything so far, or its end. */
  get text(): string {
    return this.#text;
  }

  /** A piece of output. */
  write(piece: string): void {
    this.#text = (this.#text + piece).slice(-LONGEST);
    if (this.#file !== undefined) appendFileSync(this.#file, piece);
  }

  /** A line of the simulator's own; the same one is not repeated. */
  note(line: string): void {
    const whole = `longshore: ${line}\n`;
    if (this.#text.endsWith(whole)) return;
    this.write(this.#text === '' || this.#text.endsWith('\n') ? whole : `\n${whole}`);
  }
}

/** The consoles of all devices that ever were a machine. */
export class DeviceConsoles {
  readonly #folder: string | undefined;
  readonly #consoles = new Map<string, DeviceConsole>();

  /** `folder`: where each is a file, too. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  }

  /** The console of a device. */
  of({ id, hostname }: { readonly id: string; readonly hostname: string }): DeviceConsole {
    const found = this.#consoles.get(id);
    if (found !== undefined) return found;
    const file = this.#folder === undefined ? undefined : join(this.#folder, `${hostname}-${id.slice(0, 8)}.log`);
    const made = new DeviceConsole(file);
    this.#consoles.set(id, made);
    return made;
  }

  /** One that may not be there yet. */
  find(id: string): DeviceConsole | undefined {
    return this.#consoles.get(id);
  }
}
