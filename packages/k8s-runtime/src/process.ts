// The second entry point: process life, logging, metrics, flags and health pages without any Kubernetes code.
export {};
