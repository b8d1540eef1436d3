// csi-packet: the CSI driver for Packet block storage. What it consists of is in program.ts.
import { runProcess } from '@longshore/k8s-runtime/process';
import { runDriver } from './program.ts';
import { PROGRAM } from './settings/flags.ts';

// Calls may take 20 s to finish after SIGTERM (--shutdown-grace).
const GRACE_MS = 60_000;

void runProcess(runDriver, { program: PROGRAM, graceMs: GRACE_MS });
