// How a kubelet gets its certificate: with the token in the bootstrap kubeconfig it asks for one to be signed, waits until the controller
// manager has approved and signed it, and leaves a kubeconfig of its own, for which `kubeadm join` waits.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient, refusalOf } from './api-client.ts';
import type { ApiAccess } from './api-client.ts';
import { nodeKubeconfig } from './kubeconfig-file.ts';
import { makeSigningRequest } from './signing-request.ts';

const PKI_FOLDER = '/var/lib/kubelet/pki';
const CERTIFICATE_PATH = `${PKI_FOLDER}/kubelet-client-current.pem`;
const POLL_MS = 500;
const PATIENCE_MS = 60_000;

/** Gets a certificate and writes the kubeconfig; rejects with the reason when the cluster gives none. */
export async function bootstrapNode(
  access: ApiAccess,
  { nodeName, kubeconfigPath }: { readonly nodeName: string; readonly kubeconfigPath: string },
  signal: AbortSignal,
): Promise<void> {
  const client = new ApiClient(access);
  try {
    const { keyPem, requestPem } = makeSigningRequest(`system:node:${nodeName}`, 'system:nodes');
    const name = await ask(client, requestPem);
    const certificate = await waitForCertificate(client, name, signal);
    mkdirSync(PKI_FOLDER, { recursive: true });
    writeFileSync(CERTIFICATE_PATH, certificate + keyPem, { mode: 0o600 });
    // By rename: kubeadm reads the file as soon as it is there.
    writeFileSync(`${kubeconfigPath}.new`, nodeKubeconfig(access, CERTIFICATE_PATH), { mode: 0o600 });
    renameSync(`${kubeconfigPath}.new`, kubeconfigPath);
  } finally {
    client.close();
  }
}

async function ask(client: ApiClient, requestPem: string): Promise<string> {
  const answer = await client.call({
    method: 'POST',
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    body: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { generateName: 'node-csr-' },
      spec: {
        request: Buffer.from(requestPem).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    },
  });
  if (answer.status !== 201) throw new Error(`the certificate was refused: ${refusalOf(answer)}`);
  return (answer.body as { readonly metadata: { readonly name: string } }).metadata.name;
}

interface SigningState {
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string }[] };
}

async function waitForCertificate(client: ApiClient, name: string, signal: AbortSignal): Promise<string> {
  const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests/${name}`;
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const answer = await client.call({ method: 'GET', path });
    const { certificate, conditions = [] } = (answer.body as SigningState).status ?? {};
    if (certificate !== undefined) return Buffer.from(certificate, 'base64').toString('utf8');
    if (conditions.some(({ type }) => type === 'Denied')) throw new Error(`the request ${name} was denied`);
    await wait(POLL_MS, undefined, { signal });
  }
  throw new Error(`nobody signed the request ${name}`);
}
