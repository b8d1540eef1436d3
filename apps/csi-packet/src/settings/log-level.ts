// `--v` as logrus knows it: a number from 0 (panic) to 6 (trace), or a name. Pure, but for the logger that it limits.
import type { LogFields, Logger } from '@longshore/reconciler-core';

/** Levels of logrus, the quietest first. */
export const LOG_LEVELS = ['panic', 'fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const;

/** Name of a level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A number or a name as level; `undefined` for what is neither. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'warn') return 'warning';
  return /^[0-6]$/.test(word) ? LOG_LEVELS[Number(word)] : LOG_LEVELS.find((level) => level === word);
}

/** The `-v` of Kubernetes' programs that shows as much. */
export function verbosityOf(level: LogLevel): number {
  if (level === 'trace') return 10;
  return level === 'debug' ? 4 : 0;
}

/** The logger without the lines below the level. Panics and fatal errors are the last words of a process, which are always shown. */
export function limitLog(log: Logger, level: LogLevel): Logger {
  const rank = LOG_LEVELS.indexOf(level);
  if (rank >= LOG_LEVELS.indexOf('info')) return log;
  const errors = rank >= LOG_LEVELS.indexOf('error');
  const warnings = rank >= LOG_LEVELS.indexOf('warning');
  const quiet = (): void => {};
  return {
    error: errors ? (message: string, fields?: LogFields): void => log.error(message, fields) : quiet,
    warn: warnings ? (message: string, fields?: LogFields): void => log.warn(message, fields) : quiet,
    info: quiet,
    verbose: quiet,
    isVerbose: () => false,
    child: (fields) => limitLog(log.child(fields), level),
  };
}
