// User data of a small cluster, as it would be given to real servers: packages, kernel settings, kubeadm with a configuration file.

/** What the machines of one cluster agree on. */
export interface ClusterSecrets {
  /** `abcdef.0123456789abcdef` */
  readonly token: string;
  /** 32 bytes in hex, for the certificates that control planes pass on. */
  readonly certificateKey: string;
}

/** The first control plane, as a shell script. */
export function firstControlPlane(secrets: ClusterSecrets, change: { readonly apiVersion?: string } = {}): string {
  const { apiVersion = 'kubeadm.k8s.io/v1beta4' } = change;
  return script(`
PUBLIC_IP=$(curl -fsS https://metadata.packet.net/2009-04-04/meta-data/public-ipv4)
cat > /etc/kubernetes/kubeadm.yaml <<END
apiVersion: ${apiVersion}
kind: InitConfiguration
bootstrapTokens:
  - token: ${secrets.token}
certificateKey: ${secrets.certificateKey}
localAPIEndpoint:
  advertiseAddress: $PUBLIC_IP
nodeRegistration:
  kubeletExtraArgs:
    - name: cloud-provider
      value: external
    - name: node-ip
      value: $PUBLIC_IP
---
apiVersion: ${apiVersion}
kind: ClusterConfiguration
clusterName: boot-test
kubernetesVersion: v1.36.3
controlPlaneEndpoint: $PUBLIC_IP:6443
networking:
  podSubnet: 172.25.0.0/16
  serviceSubnet: 172.26.0.0/16
END
kubeadm init --config /etc/kubernetes/kubeadm.yaml --upload-certs
kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f https://example.com/network-plugin.yaml
`);
}

/** How a machine joins. */
export interface Joining extends ClusterSecrets {
  /** \`address:port\` of the API server. */
  readonly endpoint: string;
  /** \`sha256:…\` of the CA. */
  readonly caCertHash: string;
  /** How long kubeadm looks for the cluster: its first information is signed some seconds after it was made. Default two minutes. */
  readonly discovery?: string;
}

/** A worker, as cloud-config. */
export function worker({ token, endpoint, caCertHash, discovery = '2m0s' }: Omit<Joining, 'certificateKey'>): string {
  return `#cloud-config
write_files:
  - path: /run/kubeadm/join.yaml
    owner: root:root
    permissions: '0640'
    content: |
      apiVersion: kubeadm.k8s.io/v1beta4
      kind: JoinConfiguration
      discovery:
        bootstrapToken:
          apiServerEndpoint: ${endpoint}
          token: ${token}
          caCertHashes: ['${caCertHash}']
      timeouts:
        discovery: ${discovery}
      nodeRegistration:
        kubeletExtraArgs:
          - name: cloud-provider
            value: external
          - name: node-labels
            value: pool=first
  - path: /root/install.sh
    permissions: '0755'
    encoding: b64
    content: ${Buffer.from(script('')).toString('base64')}
runcmd:
  - [/root/install.sh]
  - kubeadm join --config /run/kubeadm/join.yaml
`;
}

/** A further control plane. */
export function furtherControlPlane({ token, endpoint, caCertHash, certificateKey }: Joining): string {
  return script(
    `kubeadm join ${endpoint} --token ${token} --discovery-token-ca-cert-hash ${caCertHash} --control-plane --certificate-key ${certificateKey}`,
  );
}

// What every server of a cluster does first.
function script(then: string): string {
  return `#!/bin/bash
set -euo pipefail
swapoff -a
cat > /etc/sysctl.d/kubernetes.conf <<END
net.ipv4.ip_forward = 1
END
modprobe br_netfilter
sysctl --system
mkdir -p /etc/apt/keyrings
curl -fsSL https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key | gpg --dearmor -o /etc/apt/keyrings/kubernetes.gpg
echo 'deb [signed-by=/etc/apt/keyrings/kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /' > /etc/apt/sources.list.d/kubernetes.list
apt-get update
apt-get install -y containerd kubelet=1.36.3-* kubeadm=1.36.3-* kubectl
mkdir -p /etc/kubernetes
systemctl enable --now containerd kubelet
${then}
`;
}
