// A step of `npm test`: makes sure that the binaries of the control plane are in the cache before the suites that start them, with
// progress on the way, so that a long build is not mistaken for a hanging test.
import { acquireBinary } from '@longshore/embedded-control-plane';

const startedAt = performance.now();
let lastLine = '';
for (const name of [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'kubeadm',
  'crane',
  'csi-attacher',
  'csi-provisioner',
  'csi-resizer',
  'csi-snapshotter',
  'snapshot-controller',
] as const) {
  const found = await acquireBinary(name, '1.36', {
    onProgress: (message) => {
      if (message !== lastLine) console.log(`  ${message}`);
      lastLine = message;
    },
  });
  console.log(`${name}: ${found}`);
}
console.log(`binaries ready after ${Math.round((performance.now() - startedAt) / 1000)} s`);
