// The policy as a real API server evaluates it: the same verdict as the parser of the controllers, for every annotation and random texts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { waitFor } from '@longshore/reconciler-core/testing';
import fc from 'fast-check';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { Annotation } from '../annotations.ts';
import { exampleService, filesIn, readManifests } from '../test-support/manifest-files.ts';
import { policyRules } from './policy-rules.ts';

const FIRST_BUILD_MS = 1_800_000;
const FILE = 'releases/validating-admission-policy.yml';
const PATHS: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};
const checked = policyRules().map(({ key }) => key);
let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => process.stderr.write(`${message}\n`) });
  for (const body of readManifests(FILE)) {
    const path = `/apis/admissionregistration.k8s.io/v1/${PATHS[body.kind]}`;
    const { status, body: answer } = await plane.request({ method: 'POST', path, body });
    if (status !== 201) throw new Error(JSON.stringify(answer));
  }
  const isActive = async (): Promise<boolean> => !(await verdictOn({ [ANNOTATIONS.sizeUnit.key]: 'x' })).isAllowed;
  await waitFor(isActive, { what: 'the policy' });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());

interface Answer {
  readonly isAllowed: boolean;
  readonly message: string;
}

const SERVICES = '/api/v1/namespaces/default/services';

async function send(method: string, path: string, service: object): Promise<Answer> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const { status, body } = await plane.request({ method, path, body: service, contentType });
  const isAllowed = status === 200 || status === 201;
  if (!isAllowed && status !== 422) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return { isAllowed, message: isAllowed ? '' : String((body as { message?: string }).message) };
}

const aServiceWith = (annotations: Readonly<Record<string, string>>, spec: object = {}): object => ({
  metadata: { name: 'web', annotations },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});

/** What the API server says to a Service that is not stored. */
const verdictOn = (annotations: Readonly<Record<string, string>>, spec: object = {}): Promise<Answer> =>
  send('POST', `${SERVICES}?dryRun=All`, {
    ...aServiceWith(annotations, spec),
    metadata: { generateName: 'a-', annotations },
  });

describe('Services of users', () => {
  test.each(filesIn('examples/loadbalancers'))('%s is admitted', async (file) => {
    const { metadata, spec } = exampleService(file);
    const ports = (spec?.ports ?? []).map(({ nodePort: _given, ...port }) => port);
    const path = `${SERVICES}?dryRun=All`;
    expect(await send('POST', path, { metadata, spec: { ...spec, ports } })).toMatchObject({ isAllowed: true });
  });

  test.each([
    { what: 'another type', annotations: {}, spec: { type: 'ClusterIP' } },
    { what: 'another class', annotations: {}, spec: { loadBalancerClass: 'acme.example/lb' } },
    { what: 'a disowned balancer', annotations: { [ANNOTATIONS.disown.key]: 'true' }, spec: {} },
  ])('$what is nobody’s business', async ({ annotations, spec }) => {
    expect(await verdictOn({ [ANNOTATIONS.sizeUnit.key]: 'x', ...annotations }, spec)).toMatchObject({
      isAllowed: true,
    });
  });

  test('what was wrong before can still be changed elsewhere, but not into something else that is wrong', async () => {
    const key = ANNOTATIONS.sizeUnit.key;
    await plane.request({ method: 'POST', path: SERVICES, body: aServiceWith({ [key]: 'x' }, { type: 'ClusterIP' }) });
    const path = `${SERVICES}/web`;
    const patch = async (annotations: object, spec: object = {}): Promise<Answer> =>
      send('PATCH', path, { metadata: { annotations }, spec });
    expect(await patch({}, { type: 'LoadBalancer' })).toMatchObject({ isAllowed: false });
    expect(await patch({ [ANNOTATIONS.disown.key]: 'true' }, { type: 'LoadBalancer' })).toMatchObject({
      isAllowed: true,
    });
    expect(await patch({ [ANNOTATIONS.disown.key]: null })).toMatchObject({ isAllowed: true });
    expect(await patch({ other: 'annotation' })).toMatchObject({ isAllowed: true });
    expect(await patch({ [key]: 'y' })).toMatchObject({ isAllowed: false });
    expect(await patch({ [key]: '3' })).toMatchObject({ isAllowed: true });
  });
});

describe('the policy and the parser agree', () => {
  /** The parser's message, if it does not take the text. */
  const parsed = (key: string, value: string): string | undefined =>
    readSettings({ [key]: value }).problems.find(({ severity }) => severity === 'error')?.message;

  const texts: readonly string[] = [
    '',
    ' ',
    'true',
    'True',
    'yes',
    '0',
    '1',
    '3',
    '+3',
    '-3',
    ' 3 ',
    '03',
    '3.0',
    '300',
    '301',
    '65535',
    '65536',
    '1234567890',
    '80,443',
    '80, 443',
    '80,,443',
    '80,x',
    'tcp',
    'TCP',
    ' tcp',
    'REGIONAL',
    'EXTERNAL',
    'IPV4',
    '203.0.113.7',
    ' 203.0.113.7 ',
    '203.0.113.07',
    '203.0.113',
    '2001:db8::7',
    '::ffff:203.0.113.7',
    '::1.2.3.4',
    'ip:203.0.113.7',
    'ip:127.1',
    'ip:0x7f.0.0.1',
    'ip:2001:db8::7',
    'ip:fe80::1%eth0',
    'ip:::ffff:cb00:7107',
    'cidr:10.0.0.0/8',
    'cidr:10.0.0.1/8',
    'cidr:10.0.0.0/33',
    'cidr:10.0.0.0/08',
    'cidr:10.0.0.0',
    'cidr:2001:db8::/32',
    'ip:1.2.3.4 , cidr:2.3.0.0/16',
    'ip:1.2.3.4,',
    'lb.example.com',
    'LB.Example.Com',
    '-lb.example.com',
    `${'a'.repeat(63)}.example.com`,
    `${'a'.repeat(64)}.example.com`,
    'x'.repeat(40),
    'x'.repeat(41),
    'x',
    'é'.repeat(40),
    '😀'.repeat(40),
    '00000000-1111-4222-8333-444444444444',
    '00000000-1111-4222-8333-44444444444A',
    '00000000-1111-4222-8333',
    'web',
    'web, api',
    'web, web',
    '80:web',
    '80:web,443:api',
    '80:web,080:api',
    '0:web',
    '80:',
    'fra1:1',
    'fra1:1,nyc3:999',
    'fra1:1,fra1:2',
    'fra1:1000',
    'FRA1:1',
    'a.example.com:web,b.example.com',
    'a..example.com:web',
    'a.example.com:',
    'two\nlines',
    '"quoted"',
    'z'.repeat(300),
  ];

  const kindOf = (key: string): Annotation<unknown>['kind'] | undefined =>
    Object.values<Annotation<unknown>>(ANNOTATIONS).find((annotation) => annotation.key === key)?.kind;
  const ruleOf = (key: string): string => JSON.stringify([kindOf(key)?.shape, kindOf(key)?.isEmptyAbsent]);

  // The first annotation of each rule is asked about all texts, the others about enough to see that it is their rule.
  const few = ['', 'x', '3', '300', 'true', '80,443', '-lb.example.com'];

  test.each(checked)('about %s', async (key) => {
    const shape = kindOf(key)?.shape;
    const words = shape?.kind === 'words' ? shape.words : [];
    const isFirst = checked.find((other) => ruleOf(other) === ruleOf(key)) === key;
    const asked = [...(isFirst ? texts : few), ...words];
    const answers = await Promise.all(asked.map(async (value) => ({ value, ...(await verdictOn({ [key]: value })) })));
    const both = answers.map(({ value, isAllowed, message }) => {
      const problem = parsed(key, value);
      return { value, isAllowed: problem === undefined ? isAllowed : message.includes(problem) ? false : message };
    });
    expect(both).toEqual(answers.map(({ value }) => ({ value, isAllowed: parsed(key, value) === undefined })));
    expect(answers.some(({ isAllowed }) => isAllowed)).toBe(true);
    expect(answers.some(({ isAllowed }) => !isAllowed)).toBe(true);
  });

  const alphabet = [...'0123456789abftxIPTCR.,:/+-_ ,:', '\t', 'é', '😀'];
  const anyText = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 14 });

  test('about random texts', async () => {
    const property = fc.asyncProperty(fc.constantFrom(...checked), anyText, async (key, value) => {
      const { isAllowed } = await verdictOn({ [key]: value });
      expect(isAllowed).toBe(parsed(key, value) === undefined);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
