// manager: the controllers of cluster.k8s.io/v1alpha1 and of its Packet machines. Flags are in process/flags.ts, the life of the process in
// process/run-manager.ts, who does what in process/wiring.ts.
import { runProcess } from '@longshore/k8s-runtime/process';
import { runManager } from '../process/run-manager.ts';

void runProcess(runManager, { program: 'manager', graceMs: 20_000 });
