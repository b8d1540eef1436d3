// The public surface of @longshore/reconciler-core.
export * from './outcome.ts';
export * from './errors.ts';
export * from './clock.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './source.ts';
export * from './reconcile.ts';
