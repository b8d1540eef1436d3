// Flags of the node side alone.
import { defineFlags } from '@longshore/k8s-runtime/process';

/** The flags. */
export const nodeFlags = defineFlags({});
