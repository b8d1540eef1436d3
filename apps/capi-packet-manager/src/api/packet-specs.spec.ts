import { describe, expect, test } from '@jest/globals';
import type { Cluster, Machine, MachineClass } from './objects.ts';
import { readClusterProviderSpec, readMachineProviderSpec } from './packet-specs.ts';
import { decodeSshKeys, encodeSshKeyFile } from './ssh-keys.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+/fYt2x9cQv/GqEUaD4rGf1pYqB7f9wvLr3mW3X8zK ops@example';

const good = {
  apiVersion: 'packetprovider/v1alpha1',
  kind: 'PacketMachineProviderSpec',
  projectID: 'p-1',
  facility: ['ewr1', 'sjc1'],
  machineType: 'c3.small.x86',
  OS: 'ubuntu_24_04',
  billingCycle: 'hourly',
};

function aMachine(value: unknown, versions: NonNullable<Machine['spec']>['versions'] = { kubelet: '1.36.1' }): Machine {
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'm-0', namespace: 'shop' },
    spec: { versions, providerSpec: { value: value as Record<string, unknown> } },
  };
}

const MASTER = { kubelet: '1.36.1', controlPlane: '1.36.1' };
const noClasses = (): undefined => undefined;
const read = (machine: Machine) => readMachineProviderSpec(machine, noClasses);

describe('readMachineProviderSpec', () => {
  test('reads all fields, and what is absent has its default', () => {
    expect(read(aMachine({ ...good, tags: ['web'], sshKeys: [KEY] }))).toEqual({
      spec: {
        projectID: 'p-1',
        facility: ['ewr1', 'sjc1'],
        machineType: 'c3.small.x86',
        OS: 'ubuntu_24_04',
        billingCycle: 'hourly',
        tags: ['web'],
        roles: ['Node'],
        sshKeys: [KEY],
      },
    });
  });

  test.each([
    { when: 'os in lower case', change: { OS: undefined, os: 'ubuntu_24_04' }, field: 'OS', value: 'ubuntu_24_04' },
    {
      when: 'other case of any field',
      change: { machineType: undefined, machinetype: 'x' },
      field: 'machineType',
      value: 'x',
    },
    { when: 'both spellings: the exact one wins', change: { os: 'other' }, field: 'OS', value: 'ubuntu_24_04' },
    { when: 'one facility as a string', change: { facility: 'ams1' }, field: 'facility', value: ['ams1'] },
    { when: 'a facility twice', change: { facility: ['ams1', 'ams1'] }, field: 'facility', value: ['ams1'] },
    { when: 'no billing cycle', change: { billingCycle: null }, field: 'billingCycle', value: 'hourly' },
    { when: 'a key as base64 of its file', change: { sshKeys: [btoa(`${KEY}\n`)] }, field: 'sshKeys', value: [KEY] },
    { when: 'roles null', change: { roles: null }, field: 'roles', value: ['Node'] },
  ])('takes $when', ({ change, field, value }) => {
    expect(read(aMachine({ ...good, ...change }))).toMatchObject({ spec: { [field]: value } });
  });

  test.each([
    { when: 'roles are absent', roles: undefined, versions: MASTER, result: ['Master'] },
    { when: 'Master', roles: ['Master'], versions: MASTER, result: ['Master'] },
    {
      when: 'both, so that pods are scheduled there',
      roles: ['Node', 'Master'],
      versions: MASTER,
      result: ['Master', 'Node'],
    },
    { when: 'Node', roles: ['Node'], versions: undefined, result: ['Node'] },
  ])('CA row M26 (reader): roles $roles are taken: $when', ({ roles, versions, result }) => {
    expect(read(aMachine({ ...good, roles }, versions))).toMatchObject({ spec: { roles: result } });
  });

  test.each([
    { roles: [], versions: { kubelet: '1.36.1' }, says: 'is an empty list' },
    { roles: [], versions: MASTER, says: 'is an empty list' },
    { roles: ['Node'], versions: MASTER, says: 'spec.versions.controlPlane makes this a control plane machine' },
    { roles: ['Master'], versions: { kubelet: '1.36.1' }, says: 'spec.versions.controlPlane is missing' },
    { roles: ['Master', 'Node'], versions: { kubelet: '1.36.1' }, says: 'spec.versions.controlPlane is missing' },
    { roles: ['master'], versions: MASTER, says: 'must be a list of Master and Node, found ["master"]' },
    { roles: 'Master', versions: MASTER, says: 'must be a list of Master and Node, found a string' },
  ])('CA row M26 (reader): roles $roles with versions $versions are refused', ({ roles, versions, says }) => {
    expect(read(aMachine({ ...good, roles }, versions)).problems).toEqual([
      expect.stringMatching(/^Machine shop\/m-0: spec\.providerSpec\.value\.roles /),
    ]);
    expect(read(aMachine({ ...good, roles }, versions)).problems?.[0]).toContain(says);
  });

  test('names all problems at once, each with object and field', () => {
    const at = 'Machine shop/m-0: spec.providerSpec.value';
    const wrong = {
      projectID: 7,
      facility: ['', 3],
      OS: ' ',
      billingCycle: 'weekly',
      tags: ['x'.repeat(81)],
      sshKeys: ['%'],
    };
    expect(read(aMachine(wrong)).problems).toEqual([
      `${at}.projectID must be a string, not a number: give the id of the Packet project`,
      `${at}.facility[0] must be a text that is not empty`,
      `${at}.facility[1] must be a text that is not empty`,
      `${at}.machineType is missing: give the slug of a plan, such as c3.small.x86`,
      `${at}.OS is missing: give the slug of an operating system, such as ubuntu_24_04`,
      `${at}.billingCycle must be one of hourly, daily, monthly, yearly, not "weekly"`,
      `${at}.tags has "${'x'.repeat(81)}" of 81 characters: at most 80`,
      `${at}.sshKeys[0] is no public key, neither as text nor as base64 of its file`,
    ]);
  });

  test.each([
    { when: 'no facility', value: { ...good, facility: undefined }, says: 'facility is missing' },
    { when: 'an empty list of facilities', value: { ...good, facility: [] }, says: 'facility is empty' },
    {
      when: 'a tag with our prefix',
      value: { ...good, tags: ['cluster-api-provider-packet:machine-uid:1'] },
      says: 'ours alone',
    },
    { when: 'a value that is no object', value: 'text', says: 'spec.providerSpec.value must be an object' },
    { when: 'no value', value: undefined, says: 'neither of value and valueFrom.machineClass' },
  ])('refuses $when', ({ value, says }) => {
    const problems = read(aMachine(value)).problems;
    expect(problems).toHaveLength(1);
    expect(problems?.[0]).toContain(says);
  });

  test('a Machine without spec has problems, not a crash', () => {
    expect(read({ metadata: { name: 'x' } }).problems).toEqual([
      'Machine default/x: spec.providerSpec has neither of value and valueFrom.machineClass: give one of them',
    ]);
  });
});

describe('readMachineProviderSpec with a MachineClass', () => {
  const known: Readonly<Record<string, MachineClass>> = {
    'shop/small': { providerSpec: good },
    'infra/nested': { providerSpec: { value: good } },
    'shop/bad': { providerSpec: {} },
  };
  const classes = (namespace: string, name: string): MachineClass | undefined => known[`${namespace}/${name}`];
  const refer = (machineClass: { name: string; namespace?: string }, value?: Record<string, unknown>): Machine => ({
    metadata: { name: 'm-0', namespace: 'shop' },
    spec: { providerSpec: { ...(value && { value }), valueFrom: { machineClass } } },
  });

  test.each([{ name: 'small' }, { name: 'nested', namespace: 'infra' }])(
    'CA row M30 (reader): %p is resolved',
    (reference) => {
      expect(readMachineProviderSpec(refer(reference), classes)).toMatchObject({
        spec: { machineType: 'c3.small.x86' },
      });
    },
  );

  test('CA row M30 (reader): a missing class is a problem that names it', () => {
    expect(readMachineProviderSpec(refer({ name: 'nested' }), classes).problems).toEqual([
      'Machine shop/m-0: spec.providerSpec.valueFrom.machineClass: there is no MachineClass shop/nested: create it or correct the name',
    ]);
  });

  test('problems inside a class name the class', () => {
    expect(readMachineProviderSpec(refer({ name: 'bad' }), classes).problems?.[0]).toBe(
      'Machine shop/m-0: MachineClass shop/bad: providerSpec.projectID is missing: give the id of the Packet project',
    );
  });

  test('value and class together are refused', () => {
    expect(readMachineProviderSpec(refer({ name: 'small' }, good), classes).problems?.[0]).toContain(
      'both of value and',
    );
  });
});

describe('readClusterProviderSpec', () => {
  const aCluster = (value: unknown): Cluster => ({
    metadata: { name: 'c', namespace: 'shop' },
    spec: { providerSpec: { value: value as Record<string, unknown> } },
  });

  test.each([
    { projectID: 'p' },
    { projectID: 'p', controlPlaneEndpoint: { type: 'elasticIP' } },
    { projectID: 'p', controlPlaneEndpoint: { type: 'elasticIP', facility: 'ewr1', port: 443 } },
    { projectID: 'p', controlPlaneEndpoint: { type: 'host', host: 'api.example.org', port: 6443 } },
  ])('reads %p', (value) => {
    expect(readClusterProviderSpec(aCluster(value))).toEqual({ spec: value });
  });

  test('ignores the CA pair that some Go versions kept there', () => {
    expect(readClusterProviderSpec(aCluster({ projectID: 'p', caKeyPair: { cert: 'x', key: 'y' } }))).toEqual({
      spec: { projectID: 'p' },
    });
  });

  test.each([
    { value: undefined, says: ['spec.providerSpec.value is missing'] },
    { value: {}, says: ['.projectID is missing'] },
    { value: { projectID: 'p', controlPlaneEndpoint: 'x' }, says: ['.controlPlaneEndpoint must be an object'] },
    {
      value: { controlPlaneEndpoint: { type: 'host', port: 0 } },
      says: ['.projectID is', 'Endpoint.port must', 'Endpoint.host is'],
    },
    {
      value: { projectID: 'p', controlPlaneEndpoint: { type: 'vip', facility: 4 } },
      says: ['.type must be', '.facility must be'],
    },
  ])('refuses $value', ({ value, says }) => {
    expect(readClusterProviderSpec(aCluster(value)).problems).toEqual(
      says.map((text) => expect.stringContaining(text)),
    );
  });
});

describe('ssh keys', () => {
  test('a file with several keys and comments gives each key; its form in files is exact', () => {
    const file = `# ops\n${KEY}\r\n\necdsa-sha2-nistp256 AAAAE2VjZHNh/+== a & b\n`;
    const text = encodeSshKeyFile(Buffer.from(file));
    expect(Buffer.from(text, 'base64').toString()).toBe(file);
    expect(decodeSshKeys(text)).toEqual([KEY, 'ecdsa-sha2-nistp256 AAAAE2VjZHNh/+== a & b']);
  });

  test.each(['-----BEGIN OPENSSH PRIVATE KEY-----', btoa('not a key'), 'ssh-rsa', `${KEY}\nrubbish`])(
    '%s is no key',
    (text) => {
      expect(decodeSshKeys(text)).toEqual([]);
    },
  );
});
