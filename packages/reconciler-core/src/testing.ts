// The second entry, `@longshore/reconciler-core/testing`: doubles for time, sources, logs and metrics.
export * from './testing/fake-clock.ts';
export * from './testing/fake-metrics.ts';
export * from './testing/fake-source.ts';
export * from './testing/recording-logger.ts';
export * from './testing/until.ts';
export * from './testing/wait-for.ts';
