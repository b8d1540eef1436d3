// User data as text: what the shell reads of it (asked of a real bash), what kubeadm gets, what is refused. Whether kubeadm takes the files
// is in kubeadm.int.spec.ts, whether machines become nodes in boot.int.spec.ts.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import type { ClusterFacts, Entrance, MachineFacts } from './contract.ts';
import { kubeadmConfig, kubeadmConfigVersionFor } from './kubeadm-config.ts';
import type { MachineSetup } from './machine-configs.ts';
import { isLabelOfKubelet } from './node-labels.ts';
import { generateClusterKeys } from './pki.ts';
import { aCluster, aMachine, shippedSetup, shippedSetups } from './test-support/cluster-facts.ts';
import { renderUserData, shellQuote } from './user-data.ts';
import type { UserDataLimits } from './user-data.ts';

const token = 'abcdef.0123456789abcdef';
const keys = await generateClusterKeys({
  cluster: 'blue',
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
  algorithm: 'ecdsa-p256',
});
const init: Entrance = { kind: 'init', keys, token, tokenExpiresAt: '2026-11-22T12:00:00Z' };
const caCertHash = `sha256:${'a1'.repeat(32)}`;
const join: Entrance = { kind: 'join', token, caCertHash };
const joinMaster: Entrance = { kind: 'join-control-plane', token, caCertHash, keys };
const masterVersions = { kubelet: '1.36.3', controlPlane: '1.36.3' };
const endpoint = '147.75.1.2:6443';

const setup = (userdata = '', change: Partial<MachineSetup> = {}): MachineSetup => ({
  name: 'test',
  image: 'ubuntu_24_04',
  versions: { kubelet: '1.36.x' },
  containerRuntime: 'containerd.io',
  userdata,
  ...change,
});

interface Wish {
  readonly entrance?: Entrance;
  readonly cluster?: Partial<ClusterFacts>;
  readonly machine?: Partial<MachineFacts>;
  readonly entry?: MachineSetup;
  readonly limits?: UserDataLimits;
}

const render = ({ entrance = join, cluster = {}, machine = {}, entry = setup(), limits = {} }: Wish): string => {
  const versions = entrance.kind === 'join' ? { kubelet: '1.36.3' } : masterVersions;
  return renderUserData({
    entry,
    cluster: aCluster({ ...(entrance.kind === 'init' ? {} : { endpoint }), ...cluster }),
    machine: aMachine({ versions, ...machine }),
    entrance,
    limits,
  }).text;
};

const folder = mkdtempSync(path.join(tmpdir(), 'longshore-user-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the script, with its files in a folder of the test, and prints variables at its end. */
const printed = (text: string, ...names: readonly string[]): readonly string[] => {
  const harmless = text.replaceAll('/etc/kubernetes/cluster-api', folder);
  const script = `${harmless}\nprintf '%s\\0' ${names.map((name) => `"$\{${name}-unset}"`).join(' ')}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\0').slice(0, -1);
};

const kubeadmFileOf = (text: string): string =>
  /kubeadm\.yaml <<'END_OF_FILE'\n([^]*?)\nEND_OF_FILE/.exec(text)?.[1] ?? '';
const documentsOf = (yaml: string): readonly Record<string, unknown>[] =>
  parseAllDocuments(yaml).map((document) => document.toJS() as Record<string, unknown>);

describe('variables', () => {
  test('of a worker, with the names of the Go provider', () => {
    const names = ['KUBELET_VERSION', 'TOKEN', 'MASTER', 'NAMESPACE', 'MACHINE', 'CLUSTER_DNS_DOMAIN', 'POD_CIDR'];
    const more = [
      'SERVICE_CIDR',
      'ROLE',
      'CR_PACKAGE',
      'CONTROL_PLANE_VERSION',
      'PORT',
      'KUBEADM_ACTION',
      'ELASTIC_IP',
    ];
    expect(printed(render({}), ...names, ...more)).toEqual([
      ...['1.36.3', token, endpoint, 'default', 'default/machine-0', 'cluster.local', '172.25.0.0/16'],
      ...['172.26.0.0/16', 'node', 'containerd.io', 'unset', 'unset', 'join', ''],
    ]);
    expect(render({})).not.toContain('PRIVATE KEY');
  });

  test('of masters', () => {
    const names = ['CONTROL_PLANE_VERSION', 'PORT', 'ROLE', 'MASTER', 'KUBEADM_ACTION', 'ELASTIC_IP', 'TOKEN_EXPIRES'];
    const elasticIp = '147.75.9.9';
    const first = render({ entrance: init, cluster: { elasticIp } });
    expect(printed(first, ...names)).toEqual([
      ...['1.36.3', '6443', 'master', 'unset', 'init', elasticIp, '2026-11-22T12:00:00Z'],
    ]);
    const second = render({ entrance: joinMaster });
    expect(printed(second, ...names)).toEqual(['1.36.3', '6443', 'master', endpoint, 'join', '', 'unset']);
  });

  test('the CA is in base64 in the variables that old texts read, and all pairs are in files for root only', () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const read = printed(render({ entrance: init }), 'MASTER_CA_CERTIFICATE', 'MASTER_CA_PRIVATE_KEY', 'KEYS_FOLDER');
    expect(read).toEqual([base64(keys.ca.certPem), base64(keys.ca.keyPem), `${folder}/pki`]);
    const { ca, etcdCa, frontProxyCa, serviceAccount } = keys;
    const files: Readonly<Record<string, string>> = {
      'ca.crt': ca.certPem,
      'ca.key': ca.keyPem,
      'etcd/ca.crt': etcdCa.certPem,
      'etcd/ca.key': etcdCa.keyPem,
      'front-proxy-ca.crt': frontProxyCa.certPem,
      'front-proxy-ca.key': frontProxyCa.keyPem,
      'sa.pub': serviceAccount.publicPem,
      'sa.key': serviceAccount.keyPem,
    };
    for (const [name, text] of Object.entries(files)) {
      expect(readFileSync(`${folder}/pki/${name}`, 'utf8')).toBe(text);
      expect(statSync(`${folder}/pki/${name}`).mode & 0o777).toBe(0o600);
    }
    expect(statSync(`${folder}/pki`).mode & 0o777).toBe(0o700);
    expect(statSync(`${folder}/kubeadm.yaml`).mode & 0o777).toBe(0o600);
  });

  test('CA row M29 any text is one word for the shell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!value.includes('\0'));
        expect(execFileSync('bash', ['-c', `printf %s ${shellQuote(value)}`], { encoding: 'utf8' })).toBe(value);
      }),
      { numRuns: 50 },
    );
  });

  test('CA row M29 annotations and the runtime package with quotes and commands are only text', () => {
    const note = `it's "x"; $(reboot) \`reboot\`\nsecond line`;
    const text = render({ machine: { annotations: { note } }, entry: setup('', { containerRuntime: `a'; reboot` }) });
    expect(printed(text, 'NODE_ANNOTATIONS[0]', 'NODE_ANNOTATIONS[1]', 'CR_PACKAGE')).toEqual([
      `note=${note}`,
      'cluster.k8s.io/machine=default/machine-0',
      `a'; reboot`,
    ]);
  });
});

describe('CA row M29 what is refused', () => {
  test.each<{ what: string; wish: Wish; says: string }>([
    { what: 'service domain', wish: { cluster: { serviceDomain: 'x; reboot' } }, says: 'service domain "x; reboot"' },
    { what: 'service domain', wish: { cluster: { serviceDomain: `a'b` } }, says: `service domain "a'b"` },
    { what: 'empty service domain', wish: { cluster: { serviceDomain: '' } }, says: 'service domain ""' },
    { what: 'line break', wish: { cluster: { serviceDomain: 'a\n' } }, says: 'service domain "a\\n"' },
    { what: 'cluster name', wish: { cluster: { name: 'a"b' } }, says: 'cluster name' },
    { what: 'pod network', wish: { cluster: { podCidrs: ['172.25.0.0/99'] } }, says: 'pod network "172.25.0.0/99"' },
    { what: 'no service network', wish: { cluster: { serviceCidrs: [] } }, says: 'no service network is given' },
    { what: 'endpoint', wish: { cluster: { endpoint: 'a b:6443' } }, says: 'endpoint "a b:6443" is not host:port' },
    { what: 'endpoint without port', wish: { cluster: { endpoint: '1.2.3.4' } }, says: 'is not host:port' },
    { what: 'bare IPv6 endpoint', wish: { cluster: { endpoint: '::1:6443' } }, says: 'is not host:port' },
    { what: 'elastic IP', wish: { cluster: { elasticIp: '1.2.3' } }, says: 'elastic IP "1.2.3"' },
    { what: 'machine name', wish: { machine: { name: 'A_b' } }, says: 'machine name "A_b"' },
    { what: 'version', wish: { machine: { versions: { kubelet: 'v1.36.3' } } }, says: 'kubelet version "v1.36.3"' },
    { what: 'role', wish: { machine: { versions: masterVersions } }, says: 'does not fit the role' },
    { what: 'label', wish: { machine: { labels: { pool: 'a b' } } }, says: 'label "pool"="a b"' },
    { what: 'label key', wish: { machine: { labels: { 'a/b/c': '' } } }, says: 'label "a/b/c"' },
    { what: 'annotation', wish: { machine: { annotations: { 'a b': '' } } }, says: 'annotation "a b"' },
    { what: 'taint', wish: { machine: { taints: [{ key: 'a', effect: 'Never' }] } }, says: 'taint "a=:Never"' },
    { what: 'package', wish: { entry: setup('', { containerRuntime: 'a\nreboot' }) }, says: 'containerRuntime' },
    { what: 'hash', wish: { entrance: { ...join, caCertHash: 'sha256:x' } }, says: 'the hash of the CA' },
    {
      what: 'expiry',
      wish: { entrance: { ...init, tokenExpiresAt: 'soon' } },
      says: 'the expiry of the bootstrap token',
    },
  ])('$what: $says', ({ wish, says }) => {
    expect(() => render(wish)).toThrow(says);
    expect(() => render(wish)).toThrow(/^no user data can be made for machine default\//);
  });

  test('a wrong token, without showing it', () => {
    const wrong = { ...join, token: 'abcdef.secret' };
    expect(() => render({ entrance: wrong })).toThrow('the bootstrap token is not a token');
    expect(() => render({ entrance: wrong })).not.toThrow(/secret/);
  });

  test('a join without an endpoint', () => {
    const wish = { entry: setup(), cluster: aCluster(), machine: aMachine(), entrance: join };
    expect(() => renderUserData(wish)).toThrow('the cluster has no endpoint yet');
  });

  test('endpoints by name and by IPv6 address are fine', () => {
    for (const fine of ['api.example.com:443', '[2604:1380::1]:6443']) {
      expect(printed(render({ cluster: { endpoint: fine } }), 'MASTER')).toEqual([fine]);
    }
  });
});

describe('size and lines', () => {
  test('CA row M28 larger than the limit: refused with the sizes; large: a warning', () => {
    const entry = setup('#'.repeat(3000));
    expect(() => render({ entry, limits: { maxBytes: 3000 } })).toThrow(
      /machine default\/machine-0 has \d{4} bytes, the limit is 3000: shorten entry "test" .* \(3000 bytes\)/,
    );
    const wish = { entry, cluster: aCluster({ endpoint }), machine: aMachine(), entrance: join };
    const { sizeBytes, text, warnings } = renderUserData({ ...wish, limits: { warnBytes: 3000 } });
    expect(sizeBytes).toBe(Buffer.byteLength(text));
    expect(warnings).toEqual([`the user data has ${sizeBytes} bytes; some endpoints take 3000 only`]);
    expect(renderUserData(wish).warnings).toEqual([]);
  });

  test('CA row M28 bytes count, not characters; 64 KiB is the default', () => {
    const wish = { cluster: aCluster({ endpoint }), machine: aMachine(), entrance: join };
    const ofBytes =
      (count: number): (() => unknown) =>
      () =>
        renderUserData({ ...wish, entry: setup(`# ${'ü'.repeat(count / 2)}`) });
    expect(ofBytes(60_000)).not.toThrow();
    expect(ofBytes(66_000)).toThrow(expect.objectContaining({ code: 'USER_DATA_TOO_LARGE' }));
  });

  test('line ends of other systems become LF, and the first line is what the API takes', () => {
    const text = render({ entry: setup('echo a\r\necho b\r\n') });
    expect(text).not.toContain('\r');
    expect(text).toMatch(/^#!\/bin\/bash\n/);
    expect(text).toMatch(/\necho a\necho b\n/);
  });
});

describe('the file for kubeadm', () => {
  test('init: token, endpoint at its own address, names of the certificate', () => {
    const documents = documentsOf(kubeadmFileOf(render({ entrance: init })));
    expect(documents).toMatchObject([
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'InitConfiguration',
        bootstrapTokens: [{ token, ttl: '__TOKEN_TTL__', usages: ['signing', 'authentication'] }],
        localAPIEndpoint: { advertiseAddress: '__PRIVATE_IPV4__', bindPort: 6443 },
        nodeRegistration: {
          name: 'machine-0',
          kubeletExtraArgs: [
            { name: 'cloud-provider', value: 'external' },
            { name: 'node-ip', value: '__PRIVATE_IPV4__' },
            { name: 'provider-id', value: 'packet://__DEVICE_ID__' },
          ],
        },
      },
      {
        kind: 'ClusterConfiguration',
        clusterName: 'blue',
        kubernetesVersion: 'v1.36.3',
        controlPlaneEndpoint: '__PUBLIC_IPV4__:6443',
        networking: { dnsDomain: 'cluster.local', podSubnet: '172.25.0.0/16', serviceSubnet: '172.26.0.0/16' },
        apiServer: { certSANs: ['127.0.0.1', '__PUBLIC_IPV4__'] },
      },
    ]);
    expect(documents[0]?.['nodeRegistration']).not.toHaveProperty('taints');
  });

  test('init with an elastic IP: it is the endpoint and in the certificate', () => {
    const yaml = kubeadmFileOf(render({ entrance: init, cluster: { elasticIp: '147.75.9.9' } }));
    const [, cluster] = documentsOf(yaml);
    expect(cluster).toMatchObject({ controlPlaneEndpoint: '147.75.9.9:6443' });
    expect(JSON.stringify(cluster?.['apiServer'])).toContain('147.75.9.9');
  });

  test('several networks of both families', () => {
    const podCidrs = ['172.25.0.0/16', 'fd00:25::/56'];
    const [, cluster] = documentsOf(kubeadmFileOf(render({ entrance: init, cluster: { podCidrs } })));
    expect(cluster).toMatchObject({ networking: { podSubnet: '172.25.0.0/16,fd00:25::/56' } });
  });

  test('join: the CA is checked, never skipped; kubeadm waits for long', () => {
    const text = render({});
    expect(documentsOf(kubeadmFileOf(text))).toMatchObject([
      {
        kind: 'JoinConfiguration',
        discovery: { bootstrapToken: { apiServerEndpoint: endpoint, token, caCertHashes: [caCertHash] } },
        timeouts: { discovery: '10m0s' },
      },
    ]);
    expect(text).not.toMatch(/unsafe-?skip/i);
    expect(text).not.toContain('ignore-preflight');
  });

  test('join of a master: a control plane of its own, without a certificate key', () => {
    const [document] = documentsOf(kubeadmFileOf(render({ entrance: joinMaster })));
    expect(document).toMatchObject({ controlPlane: { localAPIEndpoint: { advertiseAddress: '__PRIVATE_IPV4__' } } });
    expect(JSON.stringify(document)).not.toContain('certificateKey');
  });

  test('CA row M25 roles Master and Node: an empty list of taints', () => {
    for (const entrance of [init, joinMaster]) {
      const [document] = documentsOf(kubeadmFileOf(render({ entrance, machine: { isSchedulable: true } })));
      expect(document).toMatchObject({ nodeRegistration: { taints: [] } });
    }
  });

  test('CA row M27 taints and labels of the Machine; those of its role stay on a master', () => {
    const taints = [{ key: 'a.example.com/b', value: 'c', effect: 'NoExecute' }];
    const labels = { pool: 'x', 'node-role.kubernetes.io/worker': '', 'node.kubernetes.io/size': 'big' };
    const [worker] = documentsOf(kubeadmFileOf(render({ machine: { taints, labels } })));
    const kubeletExtraArgs = expect.arrayContaining([
      { name: 'node-labels', value: 'pool=x,node.kubernetes.io/size=big' },
    ]);
    expect(worker).toMatchObject({ nodeRegistration: { taints, kubeletExtraArgs } });
    const [master] = documentsOf(kubeadmFileOf(render({ entrance: init, machine: { taints } })));
    const ofRole = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
    expect(master).toMatchObject({ nodeRegistration: { taints: [ofRole, ...taints] } });
  });

  test.each([
    { kubelet: '1.22.0', version: 'v1beta3', taints: ['node-role.kubernetes.io/master'] },
    {
      kubelet: '1.24.9',
      version: 'v1beta3',
      taints: ['node-role.kubernetes.io/master', 'node-role.kubernetes.io/control-plane'],
    },
    { kubelet: '1.30.1', version: 'v1beta3', taints: ['node-role.kubernetes.io/control-plane'] },
    { kubelet: '1.31.0', version: 'v1beta4', taints: ['node-role.kubernetes.io/control-plane'] },
    { kubelet: '1.37.0-rc.1', version: 'v1beta4', taints: ['node-role.kubernetes.io/control-plane'] },
  ])('kubeadm $kubelet reads $version', ({ kubelet, version, taints }) => {
    expect(kubeadmConfigVersionFor(kubelet)).toBe(version);
    const machine = { versions: { kubelet, controlPlane: kubelet }, taints: [{ key: 'own', effect: 'NoSchedule' }] };
    const [document] = documentsOf(kubeadmFileOf(render({ entrance: init, machine })));
    const { nodeRegistration } = document as {
      nodeRegistration: { taints: { key: string }[]; kubeletExtraArgs: object };
    };
    expect(nodeRegistration.taints.map(({ key }) => key)).toEqual([...taints, 'own']);
    expect(Array.isArray(nodeRegistration.kubeletExtraArgs)).toBe(version === 'v1beta4');
  });

  test.each(['1.21.14', '2.0.0', '1.36', 'v1.36.3', ''])('version %j is refused', (version) => {
    expect(() => kubeadmConfigVersionFor(version)).toThrow(
      expect.objectContaining({ code: 'KUBEADM_VERSION_UNSUPPORTED' }),
    );
  });

  test('an entry may ask for another version of the file', () => {
    const text = render({ entry: setup('', { kubeadmConfigVersion: 'v1beta3' }) });
    expect(documentsOf(kubeadmFileOf(text))).toMatchObject([
      { apiVersion: 'kubeadm.k8s.io/v1beta3', discovery: { timeout: '10m0s' } },
    ]);
  });

  test('is one YAML stream', () => {
    const wish = { cluster: aCluster(), machine: aMachine({ versions: masterVersions }), entrance: init };
    expect(parse(kubeadmConfig({ ...wish, version: 'v1beta4' }).split('---\n')[1] ?? '')).toHaveProperty('networking');
  });
});

test.each([
  ['pool', true],
  ['example.com/pool', true],
  ['node.kubernetes.io/pool', true],
  ['x.node.kubernetes.io/pool', true],
  ['topology.kubernetes.io/zone', true],
  ['kubernetes.io/pool', false],
  ['node-role.kubernetes.io/worker', false],
  ['node-restriction.kubernetes.io/x', false],
  ['x.k8s.io/pool', false],
  ['xk8s.io/pool', true],
])('CA row M27 a kubelet may set the label %s: %s', (key, isAllowed) => {
  expect(isLabelOfKubelet(key)).toBe(isAllowed);
});

describe('shell scripts', () => {
  const shipped = shippedSetups();
  const versions = [...new Set(shipped.map((one) => one.versions.kubelet))];
  const entrances = { init, join, joinMaster };
  const cases = versions.flatMap((kubelet) =>
    Object.entries(entrances).map(([name, entrance]) => ({ kubelet, name, entrance })),
  );
  const scriptOf = (kubelet: string, entrance: Entrance): string => {
    const own = entrance.kind === 'join' ? { kubelet } : { kubelet, controlPlane: kubelet };
    const entry = shippedSetup({ image: 'ubuntu_24_04', versions: own });
    const annotations = { note: `it's "quoted"` };
    return render({ entrance, entry, machine: { versions: own, annotations }, cluster: { elasticIp: '147.75.9.9' } });
  };

  test.each(cases)('CA row M29 bash reads the shipped text: $name, $kubelet', ({ kubelet, entrance }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: scriptOf(kubelet, entrance), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  const hasLinter = spawnSync('shellcheck', ['--version']).status === 0;
  (hasLinter ? test.each : test.skip.each)(Object.entries(entrances))(
    `shellcheck finds nothing in the shipped text: %s${hasLinter ? '' : ' (skipped: shellcheck is not installed)'}`,
    (_name, entrance) => {
      const { stdout } = spawnSync('shellcheck', ['-'], { input: scriptOf('1.36.3', entrance), encoding: 'utf8' });
      expect(stdout).toBe('');
    },
  );

  test('the shipped text prints no secret: it never traces, and kubeadm is told to be silent about the token', () => {
    const { userdata } = shippedSetup({ image: 'ubuntu_24_04', versions: masterVersions });
    expect(userdata).not.toMatch(/set -[a-z]*x/);
    expect(userdata).toContain('--skip-token-print');
  });
});
