// The configuration files of a node's parts. Pure: places and addresses in, texts out.

/** Where a node has its files, and its addresses. */
export interface NodeFacts {
  readonly folder: string;
  readonly name: string;
  /** Name of its cgroup below each controller. */
  readonly cgroup: string;
  readonly addresses: NodeAddresses;
  readonly cniFolder: string;
  readonly cloudProvider: 'external' | 'none';
}

/** Addresses of one cluster: nobody owns them (RFC 2544), and every cluster of a machine has its own. */
export interface NodeAddresses {
  /** This machine's end of the link. */
  readonly host: string;
  /** The node's end. */
  readonly node: string;
  /** `address/prefix` of the pods. */
  readonly pods: string;
  /** Of the link on this machine. */
  readonly link: string;
}

/** Files and folders of a node below its temp folder. */
export interface NodePaths {
  readonly socket: string;
  readonly containerdConfig: string;
  readonly kubeletConfig: string;
  readonly kubeconfig: string;
  readonly ca: string;
  readonly resolver: string;
  readonly cniConfigs: string;
  readonly cniConfig: string;
  readonly log: (part: string) => string;
}

/** The image of the container that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'longshore/pause:1';

/** The addresses of the cluster with a number from 0 to 255. */
export function addressesOf(number: number): NodeAddresses {
  const net = `198.19.${number}`;
  return { host: `${net}.1`, node: `${net}.2`, pods: `${net}.128/25`, link: `lsc${number}` };
}

/** Where a node's files are. */
export function pathsIn(folder: string): NodePaths {
  return {
    socket: `${folder}/containerd.sock`,
    containerdConfig: `${folder}/containerd.toml`,
    kubeletConfig: `${folder}/kubelet.yaml`,
    kubeconfig: `${folder}/kubelet.kubeconfig`,
    ca: `${folder}/ca.crt`,
    resolver: `${folder}/resolv.conf`,
    cniConfigs: `${folder}/cni`,
    cniConfig: `${folder}/cni/10-longshore.conflist`,
    log: (part) => `${folder}/${part}.log`,
  };
}

/** containerd: everything in the temp folder; the opt plugin, which would write to /opt, is off. */
export function containerdConfig({ folder, cniFolder }: NodeFacts): string {
  const { socket, cniConfigs } = pathsIn(folder);
  return `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "${socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # Root of a container or of a small virtual machine may not lower the score of its children.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniFolder}"
    conf_dir = "${cniConfigs}"
`;
}

/** kubelet: as on a server, but for a machine whose disk is nearly full and whose cgroups may be of the first version. */
export function kubeletConfig({ folder, cgroup }: NodeFacts): string {
  const { socket, ca, resolver } = pathsIn(folder);
  return `${JSON.stringify(
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: ca } },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: `unix://${socket}`,
      resolvConf: resolver,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${cgroup}`,
      failCgroupV1: false,
      failSwapOn: false,
      enforceNodeAllocatable: [],
      localStorageCapacityIsolation: false,
      evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
      imageGCHighThresholdPercent: 100,
      // Tests wait for what a node says of itself.
      nodeStatusUpdateFrequency: '2s',
      syncFrequency: '10s',
    },
    undefined,
    2,
  )}\n`;
}

/** Command line of the kubelet. Without a cloud it names its address itself; with one that is the cloud controller manager's to say. */
export function kubeletArgs({ folder, name, addresses, cloudProvider }: NodeFacts): readonly string[] {
  const { kubeletConfig: config, kubeconfig } = pathsIn(folder);
  return [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${name}`,
    '--root-dir=/var/lib/kubelet',
    ...(cloudProvider === 'external' ? ['--cloud-provider=external'] : [`--node-ip=${addresses.node}`]),
  ];
}

/** CNI: a bridge of the node whose pods reach this machine without address translation. */
export function cniConfig({ addresses }: NodeFacts): string {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    hairpinMode: true,
    ipam: { type: 'host-local', ranges: [[{ subnet: addresses.pods }]], routes: [{ dst: '0.0.0.0/0' }] },
  };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  return `${JSON.stringify({ cniVersion: '0.4.0', name: 'longshore', plugins }, undefined, 2)}\n`;
}
