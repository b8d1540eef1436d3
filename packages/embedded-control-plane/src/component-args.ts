// The command lines of etcd, kube-apiserver, kube-controller-manager and kube-scheduler. Pure: facts in, arguments out.
// What is surprising: flags are chosen for a short life on one machine (no fsync, no leader election).
import { isIPv6 } from 'node:net';

/** Files of one control plane, all below its temp folder. */
export interface Files {
  readonly folder: string;
  readonly etcdData: string;
  readonly caCert: string;
  readonly caKey: string;
  readonly servingCert: string;
  readonly servingKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly tokens: string;
  readonly kubeletClientCert: string;
  readonly kubeletClientKey: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly adminKubeconfig: string;
  readonly controllerManagerKubeconfig: string;
  readonly schedulerKubeconfig: string;
}

/** Where the files of a control plane are. */
export function filesIn(folder: string): Files {
  return {
    folder,
    etcdData: `${folder}/etcd`,
    caCert: `${folder}/ca.crt`,
    caKey: `${folder}/ca.key`,
    servingCert: `${folder}/apiserver.crt`,
    servingKey: `${folder}/apiserver.key`,
    serviceAccountKey: `${folder}/service-account.key`,
    serviceAccountPublicKey: `${folder}/service-account.pub`,
    tokens: `${folder}/tokens.csv`,
    kubeletClientCert: `${folder}/kubelet-client.crt`,
    kubeletClientKey: `${folder}/kubelet-client.key`,
    auditPolicy: `${folder}/audit-policy.yaml`,
    auditLog: `${folder}/audit.log`,
    adminKubeconfig: `${folder}/admin.kubeconfig`,
    controllerManagerKubeconfig: `${folder}/controller-manager.kubeconfig`,
    schedulerKubeconfig: `${folder}/scheduler.kubeconfig`,
  };
}

/** What the API server's flags depend on. */
export interface ApiServerFacts {
  readonly files: Files;
  readonly bindAddress: string;
  readonly port: number;
  readonly etcdEndpoint: string;
  readonly etcdPrefix: string;
  readonly hasControllers: boolean;
  readonly hasKubelets: boolean;
  readonly hasAudit: boolean;
  readonly extraArgs: readonly string[];
}

/** Every request is written down before it is answered, without bodies. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

/** Names and addresses that the serving certificate must hold. */
export function servingNames(bindAddress: string): readonly string[] {
  const addresses = ['127.0.0.1', '::1', '10.0.0.1', 'fd00:10::1', bindAddress];
  const hosts = [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [...hosts, ...new Set(addresses)];
}

/** `https://host:port`, IPv6 in brackets. Port and address are those that clients use. */
export function serverUrl(bindAddress: string, port: number): string {
  return `https://${hostInUrl(bindAddress)}:${port}`;
}

/** An address as it stands in a URL. */
export function hostInUrl(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** etcd: one member, plain HTTP on loopback; the peer port is any free one, nobody connects to it. */
export function etcdArgs(dataFolder: string, clientUrl: string, extraArgs: readonly string[] = []): readonly string[] {
  const own = [
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  return withOverrides(own, extraArgs);
}

/** kube-apiserver: RBAC, token file and client certificates, everything but the flags that a caller replaces. */
export function apiServerArgs(facts: ApiServerFacts): readonly string[] {
  const { files, bindAddress } = facts;
  const own = [
    `--etcd-servers=${facts.etcdEndpoint}`,
    `--etcd-prefix=${facts.etcdPrefix}`,
    `--bind-address=${bindAddress}`,
    `--advertise-address=${bindAddress}`,
    `--secure-port=${facts.port}`,
    `--tls-cert-file=${files.servingCert}`,
    `--tls-private-key-file=${files.servingKey}`,
    `--cert-dir=${files.folder}`,
    `--client-ca-file=${files.caCert}`,
    `--token-auth-file=${files.tokens}`,
    ...kubeletArgs(facts),
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    // The families of the service range and of the address must agree.
    `--service-cluster-ip-range=${isIPv6(bindAddress) ? 'fd00:10::/112' : '10.0.0.0/24'}`,
    ...endpointArgs(bindAddress),
    ...admissionArgs(facts.hasControllers),
    ...auditArgs(facts),
  ];
  return withOverrides(own, facts.extraArgs);
}

// The default of 20 calls a second makes the first start of all controllers take five seconds.
const FAST_CLIENT = ['--kube-api-qps=500', '--kube-api-burst=1000'];

/** kube-controller-manager without a port of its own. */
export function controllerManagerArgs(files: Files, extraArgs: readonly string[] = []): readonly string[] {
  const kubeconfig = files.controllerManagerKubeconfig;
  const own = [
    `--kubeconfig=${kubeconfig}`,
    '--secure-port=0',
    '--leader-elect=false',
    ...FAST_CLIENT,
    '--use-service-account-credentials=true',
    '--controllers=*,bootstrap-signer-controller,token-cleaner-controller',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.caCert}`,
    `--cluster-signing-cert-file=${files.caCert}`,
    `--cluster-signing-key-file=${files.caKey}`,
  ];
  return withOverrides(own, extraArgs);
}

/** kube-scheduler without a port of its own. */
export function schedulerArgs(files: Files, extraArgs: readonly string[] = []): readonly string[] {
  const own = [`--kubeconfig=${files.schedulerKubeconfig}`, '--secure-port=0', '--leader-elect=false', ...FAST_CLIENT];
  return withOverrides(own, extraArgs);
}

/** Our arguments without those whose flag the caller names, then the caller's. */
export function withOverrides(own: readonly string[], extra: readonly string[]): readonly string[] {
  const replaced = new Set(extra.map(flagName));
  return [...own.filter((arg) => !replaced.has(flagName(arg))), ...extra];
}

/** The environment of a component: ours, without variables that servers would read as settings. */
export function componentEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ETCD_|KUBE|NODE_)/.test(name)));
}

// A loopback address is not allowed in Endpoints: the API server would log an error every ten seconds.
function endpointArgs(bindAddress: string): readonly string[] {
  return isLoopback(bindAddress) ? ['--endpoint-reconciler-type=none'] : [];
}

// Without a controller manager nobody makes the default service account, and every pod would be refused.
function admissionArgs(hasControllers: boolean): readonly string[] {
  return hasControllers ? [] : ['--disable-admission-plugins=ServiceAccount'];
}

// Nodes may only change what is theirs. For logs and exec the API server calls the kubelets, which ask for a client certificate.
function kubeletArgs({ hasKubelets, files }: ApiServerFacts): readonly string[] {
  if (!hasKubelets) return ['--authorization-mode=RBAC'];
  return [
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${files.kubeletClientCert}`,
    `--kubelet-client-key=${files.kubeletClientKey}`,
    '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
  ];
}

function auditArgs({ hasAudit, files }: ApiServerFacts): readonly string[] {
  if (!hasAudit) return [];
  return [
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
    '--audit-log-mode=blocking',
    '--audit-log-format=json',
  ];
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function flagName(arg: string): string {
  return arg.replace(/^-+/, '').replace(/=.*$/s, '');
}
