// What specs of other projects use: a real one-node cluster.
export type { ClusterOptions, RunningCluster } from './cluster.ts';
export { clusterProblem } from './host-check.ts';
export { startCluster } from './start-cluster.ts';
export { packProgram } from './images/program-archive.ts';
export type { ProgramImage } from './images/program-archive.ts';
