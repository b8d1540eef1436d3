import { expect, test } from '@jest/globals';
import { clusterProblem } from './host-check.ts';
import type { ClusterHost } from './host-check.ts';

const host = (change: Partial<ClusterHost> = {}): ClusterHost => ({
  ...{ platform: 'linux', uid: 0, missing: [], refusal: '' },
  ...change,
});

test.each([
  { when: 'everything is there', change: {}, problem: undefined },
  { when: 'it is no Linux', change: { platform: 'darwin' }, problem: /needs Linux/ },
  { when: 'it is no root', change: { uid: 1000 }, problem: /needs root: .*sudo/ },
  {
    when: 'programs are missing',
    change: { missing: ['containerd', 'ctr', 'CNI plugins'] },
    problem: /^a cluster needs containerd, ctr, CNI plugins: apt-get install containerd containernetworking-plugins$/,
  },
  { when: 'mounts are refused', change: { refusal: 'mount: permission denied' }, problem: /refused here: mount: perm/ },
])('when $when', ({ change, problem }) => {
  const found = clusterProblem(host(change));
  if (problem) expect(found).toMatch(problem);
  else expect(found).toBeUndefined();
});
