// The manifests by version and those of the admission server. What the Deployment of the controllers is like, manifests.spec.ts says.
import { describe, expect, test } from '@jest/globals';
import { admissionFlags } from './admission/admission-flags.ts';
import { REVIEW_PATH } from './admission/admission-page.ts';
import { filesIn, onlyOne, readManifests, textOf } from './test-support/manifest-files.ts';
import type { Manifest } from './test-support/manifest-files.ts';
import { VERSION } from './version.ts';

const NAME = 'digitalocean-cloud-controller-manager';
const CONTROLLERS = `releases/${NAME}`;
const ADMISSION = `releases/${NAME}-admission-server`;

test('there are manifests of this version and of what comes next', () => {
  expect(filesIn(CONTROLLERS)).toEqual([`${CONTROLLERS}/dev.yml`, `${CONTROLLERS}/v${VERSION}.yml`]);
  expect(filesIn(ADMISSION).toSorted()).toEqual(
    ['dev', `v${VERSION}`].flatMap((tag) => [
      `${ADMISSION}/${tag}-without-cert-manager.yml`,
      `${ADMISSION}/${tag}.yml`,
    ]),
  );
});

test.each([CONTROLLERS, ADMISSION])('%s: a release is dev.yml with another image tag', (folder) => {
  const release = textOf(`${folder}/dev.yml`)
    .replace('longshore/do-ccm:dev', `longshore/do-ccm:v${VERSION}`)
    .replace('/dev.yml', `/v${VERSION}.yml`);
  expect(textOf(`${folder}/v${VERSION}.yml`)).toBe(release);
});

test('the file that the README of 2017 names is the one of this version', () => {
  expect(readManifests(`releases/v${VERSION}.yml`)).toEqual(readManifests(`${CONTROLLERS}/v${VERSION}.yml`));
});

describe.each(['dev', `v${VERSION}`])('admission server %s', (tag) => {
  interface Container {
    readonly image: string;
    readonly args: readonly string[];
    readonly ports: readonly { readonly containerPort: number; readonly name: string }[];
    readonly volumeMounts: readonly { readonly mountPath: string }[];
    readonly [field: string]: unknown;
  }
  interface Pod {
    readonly containers: readonly [Container];
    readonly volumes: readonly { readonly secret: { readonly secretName: string } }[];
    readonly [field: string]: unknown;
  }
  const file = `${ADMISSION}/${tag}.yml`;
  const deployment = onlyOne(file, 'Deployment')['spec'] as {
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
  };
  const pod = deployment.template.spec;
  const [container] = pod.containers;
  const service = onlyOne(file, 'Service');
  const [webhook] = onlyOne(file, 'ValidatingWebhookConfiguration')['webhooks'] as readonly [Record<string, unknown>];

  test('is the same program under another command, without any rights in the cluster', () => {
    expect(container).toMatchObject({ image: `longshore/do-ccm:${tag}`, args: ['admission-server'] });
    expect(readManifests(file).map(({ kind }) => kind)).toEqual([
      'Deployment',
      'Service',
      'Issuer',
      'Certificate',
      'ValidatingWebhookConfiguration',
    ]);
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod).not.toHaveProperty('hostNetwork');
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container['resources']).toHaveProperty('limits.memory');
  });

  test('is reached by the API server where the program listens, and finds its certificate where it looks', () => {
    expect(container.ports).toEqual([{ name: 'webhook', containerPort: admissionFlags.port.default }]);
    expect(container.volumeMounts[0]?.mountPath).toBe(admissionFlags['cert-dir'].default);
    const { selector, ports } = service['spec'] as { selector: object; ports: readonly object[] };
    expect(ports).toEqual([{ name: 'webhook', port: 443, targetPort: 'webhook' }]);
    expect(selector).toEqual(deployment.template.metadata.labels);
    expect(selector).toEqual(deployment.selector.matchLabels);
    const { name, namespace } = service.metadata;
    expect(webhook['clientConfig']).toEqual({ service: { name, namespace, path: REVIEW_PATH } });
    for (const [probe, page] of Object.entries({ livenessProbe: '/healthz', readinessProbe: '/readyz' })) {
      expect(container[probe]).toMatchObject({ httpGet: { scheme: 'HTTPS', path: page, port: 'webhook' } });
    }
  });

  test('never stands in the way: failures are ignored', () => {
    expect(webhook).toMatchObject({
      name: 'validation-webhook.cloud-controller-manager.digitalocean.com',
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['services'] }],
    });
  });

  test('has a certificate from cert-manager for the name that the API server calls', () => {
    const { secretName, dnsNames, issuerRef } = onlyOne(file, 'Certificate')['spec'] as {
      secretName: string;
      dnsNames: readonly string[];
      issuerRef: { readonly name: string };
    };
    const { name, namespace } = service.metadata;
    expect(dnsNames).toContain(`${name}.${namespace}.svc`);
    expect(issuerRef.name).toBe(onlyOne(file, 'Issuer').metadata.name);
    expect(pod.volumes).toEqual([{ name: 'serving-certs', secret: { secretName } }]);
    expect(onlyOne(file, 'ValidatingWebhookConfiguration').metadata.annotations).toEqual({
      'cert-manager.io/inject-ca-from': `kube-system/${onlyOne(file, 'Certificate').metadata.name}`,
    });
  });

  test('without cert-manager is the same without its objects', () => {
    const ofCertManager = ({ apiVersion }: Manifest): boolean => apiVersion.startsWith('cert-manager.io/');
    const expected = readManifests(file)
      .filter((manifest) => !ofCertManager(manifest))
      .map(({ metadata: { annotations: _inject, ...metadata }, ...manifest }) => ({ ...manifest, metadata }));
    expect(readManifests(`${ADMISSION}/${tag}-without-cert-manager.yml`)).toEqual(expected);
  });
});

test('the commands for a certificate name what the manifests name', () => {
  const text = textOf('releases/README.md');
  expect(text).toContain(`name=${NAME}-admission-server\n`);
  expect(text).toContain(`"$name-cert"`);
  const webhook = onlyOne(`${ADMISSION}/v${VERSION}.yml`, 'ValidatingWebhookConfiguration').metadata.name;
  expect(text).toContain(`kubectl patch validatingwebhookconfiguration ${webhook} `);
});
