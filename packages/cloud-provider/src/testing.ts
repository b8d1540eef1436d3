// Test doubles for authors of providers.
export {};
