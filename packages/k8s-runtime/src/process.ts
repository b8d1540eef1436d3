// The second entry point: process life, logging, metrics and flags without any Kubernetes code.
export * from './process/duration.ts';
export * from './process/problem.ts';
export * from './process/flag-kinds.ts';
export * from './process/flags.ts';
export * from './process/flag-help.ts';
export * from './process/log-flags.ts';
export * from './process/logging-flags.ts';
export * from './process/usage-error.ts';
export * from './process/secrets.ts';
export * from './process/verbosity.ts';
export * from './process/log.ts';
export * from './process/metrics.ts';
export * from './process/process-metrics.ts';
export * from './process/event-loop-lag.ts';
export * from './process/exit-codes.ts';
export * from './process/run-process.ts';
export * from './process/manager.ts';
