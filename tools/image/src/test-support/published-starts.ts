// How the published manifests of the Go programs start their containers. With only the image changed they have to start ours: by the same
// command (absent: by the image's entry point), from the image's working folder, with the same flags.
import type { ImageApp } from '../app-names.ts';

/** One manifest. */
export interface PublishedStart {
  readonly app: ImageApp;
  readonly manifest: string;
  /** The container's `command` without the flags that follow it there. */
  readonly command?: readonly string[];
  readonly args: readonly string[];
}

const PACKET_FLAGS = ['--cloud-provider=packet', '--leader-elect=false', '--allow-untagged-cloud=true'];

/** By program, the oldest first. */
export const PUBLISHED_STARTS: readonly PublishedStart[] = [
  {
    app: 'do-ccm',
    manifest: 'releases/digitalocean-cloud-controller-manager/v0.1.68.yml',
    command: ['/bin/digitalocean-cloud-controller-manager'],
    args: ['--leader-elect=false'],
  },
  {
    app: 'packet-ccm',
    manifest: 'releases/v0.0.4/deployment.yaml',
    command: ['./packet-cloud-controller-manager'],
    args: PACKET_FLAGS,
  },
  {
    app: 'packet-ccm',
    manifest: 'v1.0.0',
    command: ['./packet-cloud-controller-manager'],
    args: [...PACKET_FLAGS, '--authentication-skip-lookup=true', '--provider-config=/etc/cloud-sa/cloud-sa.json'],
  },
  {
    app: 'packet-ccm',
    manifest: 'v3.8.1',
    command: ['./cloud-provider-equinix-metal'],
    args: [
      '--cloud-provider=equinixmetal',
      '--leader-elect=true',
      '--authentication-skip-lookup=true',
      '--cloud-config=/etc/cloud-sa/cloud-sa.json',
    ],
  },
  {
    app: 'cloudscale-ccm',
    manifest: 'deploy/latest.yml',
    command: ['cloudscale-cloud-controller-manager'],
    args: ['--allow-untagged-cloud'],
  },
  { app: 'cloudscale-ccm', manifest: 'releases/latest/download/config.yml', args: ['--allow-untagged-cloud'] },
  {
    app: 'csi-packet',
    manifest: 'deploy/kubernetes/controller.yaml of v1.1.0',
    args: ['--endpoint=unix:///csi/csi.sock', '--config=/etc/cloud-sa/cloud-sa.json'],
  },
  { app: 'csi-packet', manifest: 'deploy/kubernetes/node.yaml of v1.1.0', args: ['--endpoint=unix:///csi/csi.sock'] },
  {
    app: 'csi-packet',
    manifest: 'deploy/kubernetes/node.yaml of v1.0.0',
    args: ['--endpoint=unix:///csi/csi.sock', '--nodeid=node-1'],
  },
  { app: 'capi-packet-manager', manifest: 'provider-components.yaml', command: ['/manager'], args: [] },
];
