// acme-ccm as a child process.
import { RunningProgram as AnyProgram } from '../testing/running-program.ts';
import type { ProgramStart as AnyStart } from '../testing/running-program.ts';

export { freePort, readPage } from '../testing/running-program.ts';
export type { PageRead } from '../testing/running-program.ts';

const PROGRAM = new URL('./acme-ccm.ts', import.meta.url).pathname;

/** What the process is given; another program than acme-ccm has a `file`. */
export type ProgramStart = Partial<AnyStart>;

/** One process. */
export class RunningProgram extends AnyProgram {
  constructor(name: string, { file = PROGRAM, env = {}, ...start }: ProgramStart) {
    super(name, { ...start, file, env: { ACME_REPLICA: name, ...env } });
  }
}
