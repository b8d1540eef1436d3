// A logger that keeps its lines for assertions.
import type { LogFields, Logger } from '../logger.ts';

/** One line; `verbosity` is 0 except for `verbose`. Fields include those of the child loggers. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'verbose';
  readonly verbosity: number;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger with its lines; children write to the same array. */
export interface RecordingLogger extends Logger {
  readonly lines: LogLine[];
  child(fields: LogFields): RecordingLogger;
}

/** Records everything, verbose lines up to `verbosity` (all by default). */
export function recordingLogger(verbosity = Infinity): RecordingLogger {
  return recordInto([], {}, verbosity);
}

function recordInto(lines: LogLine[], own: LogFields, verbosity: number): RecordingLogger {
  const write = (level: LogLine['level'], message: string, fields: LogFields = {}, lineVerbosity = 0): void => {
    lines.push({ level, verbosity: lineVerbosity, message, fields: { ...own, ...fields } });
  };
  return {
    lines,
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    verbose: (level, message, fields) => {
      if (level <= verbosity) write('verbose', message, fields, level);
    },
    isVerbose: (level) => level <= verbosity,
    child: (fields) => recordInto(lines, { ...own, ...fields }, verbosity),
  };
}
