// Test doubles for users of @longshore/k8s-runtime.
export {};
