// clusterctl: makes, moves, checks and deletes clusters from a desk. The command tree is in clusterctl/cli/main.ts.
import { runProcess } from '@longshore/k8s-runtime/process';
import { clusterctl } from '../clusterctl/cli/main.ts';
import { nodeHost } from '../clusterctl/node-host.ts';

// Ctrl-C waits for what must not be torn apart: a write to an API server, the manager beside us.
void runProcess((context) => clusterctl(context, nodeHost(context)), { program: 'clusterctl', graceMs: 30_000 });
