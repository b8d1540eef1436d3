// The logger that libraries are given. Messages are constant, facts go into fields. The implementation is in k8s-runtime/process.

/** Facts of one log line: keys in camelCase; errors under `error`. Secrets never go here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logger with Kubernetes' verbosity levels (`-v`): `info` is level 0. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Shown when `-v` is at least `level` (2 = what an operator may want, 4 = debugging, 6 and more = traces). */
  verbose(level: number, message: string, fields?: LogFields): void;
  /** True when `verbose(level, …)` would be written: guards costly fields. */
  isVerbose(level: number): boolean;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** Writes nothing. The default where a logger is optional. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  verbose() {},
  isVerbose: () => false,
  child: () => silentLogger,
};
