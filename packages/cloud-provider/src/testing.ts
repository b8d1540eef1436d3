// Test doubles for authors of providers, and for the controllers' own tests.
export * from './testing/a-node.ts';
export * from './testing/a-service.ts';
export * from './testing/fake-instances.ts';
export * from './testing/fake-load-balancers.ts';
export * from './testing/fake-routes.ts';
export * from './testing/recorded-events.ts';
export * from './testing/rights-scene.ts';
export * from './testing/running-program.ts';
