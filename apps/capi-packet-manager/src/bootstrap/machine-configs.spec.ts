import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { KUBERNETES_VERSIONS } from '@longshore/embedded-control-plane';
import { silentLogger } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { MachineConfigFile } from './machine-config-file.ts';
import { parseMachineConfigs, selectSetup } from './machine-configs.ts';
import type { SetupRequest } from './machine-configs.ts';
import { shippedSetups } from './test-support/cluster-facts.ts';

// The file that the Go provider shipped, shortened.
const OF_GO = `
items:
- machineParams:
  - image: ubuntu_18_04
    versions:
      kubelet: 1.14.3
      controlPlane: 1.14.3
    containerRuntime: docker-ce=5:18.09.7~3-0~ubuntu-bionic
  userdata: |
    set -e -x
    echo master
- machineParams:
  - image: ubuntu_18_04
    versions:
      kubelet: 1.14.3
    containerRuntime: docker-ce=5:18.09.7~3-0~ubuntu-bionic
  userdata: echo node
`;

const OWN = `
items:
  - name: jammy
    machineParams:
      - { image: ubuntu_22_04, versions: { kubelet: '1.36.3' }, containerRuntime: containerd }
      - { image: ubuntu_22_04, versions: { kubelet: 1.36.x }, containerRuntime: containerd }
      - { image: ubuntu_22_04, versions: { kubelet: 1.35.x, controlPlane: 1.35.x }, containerRuntime: containerd }
      - { image: ubuntu_22_04, versions: { kubelet: '1.30.1' }, kubeadmConfigVersion: v1beta3, arch: arm64 }
    userdata: echo
  - name: twice
    machineParams:
      - { image: debian_12, versions: { kubelet: '1.34.4' } }
    userdata: echo
  - machineParams:
      - { image: debian_12, versions: { kubelet: '1.34.4' } }
    userdata: echo
`;

const setups = parseMachineConfigs(OWN, 'x.yaml').setups;
const ask = (image: string, kubelet: string, rest: { controlPlane?: string; arch?: string } = {}): SetupRequest => {
  const { controlPlane, arch } = rest;
  return {
    image,
    versions: { kubelet, ...(controlPlane === undefined ? {} : { controlPlane }) },
    ...(arch === undefined ? {} : { arch }),
  };
};

describe('selectSetup', () => {
  test('the file of the Go provider: master and worker of one version, each its own text', () => {
    const ofGo = parseMachineConfigs(OF_GO, 'x.yaml');
    expect(ofGo.warnings).toEqual([]);
    const master = selectSetup(ofGo.setups, ask('ubuntu_18_04', '1.14.3', { controlPlane: '1.14.3' }));
    expect(master).toMatchObject({ found: { userdata: 'set -e -x\necho master\n', name: 'item 1' } });
    const worker = selectSetup(ofGo.setups, ask('ubuntu_18_04', '1.14.3'));
    expect(worker).toMatchObject({
      found: { userdata: 'echo node', containerRuntime: 'docker-ce=5:18.09.7~3-0~ubuntu-bionic' },
    });
  });

  test.each<{ title: string; request: SetupRequest; problem: string; says: string }>([
    {
      title: 'CA row M11 an unknown image lists the known ones',
      request: ask('windows', '1.36.3'),
      problem: 'unknown-image',
      says: 'serves image windows: known are ubuntu_22_04, debian_12',
    },
    {
      title: 'CA row M11 no image',
      request: ask('', '1.36.3'),
      problem: 'unknown-image',
      says: 'no image (OS) is given: known are ubuntu_22_04, debian_12',
    },
    {
      title: 'CA row M12 an unknown version names the nearest',
      request: ask('ubuntu_22_04', '1.33.0'),
      problem: 'unknown-version',
      says: 'serves kubelet 1.33.0 on image ubuntu_22_04: nearest are kubelet 1.30.1, kubelet 1.36.x, kubelet 1.36.3',
    },
    {
      title: 'CA row M12 a control plane of another version than any',
      request: ask('ubuntu_22_04', '1.35.1', { controlPlane: '1.34.0' }),
      problem: 'unknown-version',
      says: 'nearest are kubelet 1.35.x with control plane 1.35.x',
    },
    {
      title: 'CA row M13 two entries match',
      request: ask('debian_12', '1.34.4'),
      problem: 'ambiguous',
      says: 'ambiguous for kubelet 1.34.4 on image debian_12: entries "twice", "item 3" match',
    },
    {
      title: 'CA row M14 a master of which only the worker entry exists',
      request: ask('ubuntu_22_04', '1.36.3', { controlPlane: '1.36.3' }),
      problem: 'other-role-only',
      says: 'the control plane entry (versions.controlPlane) for kubelet 1.36.3 with control plane 1.36.3 on image ubuntu_22_04 is missing',
    },
    {
      title: 'CA row M14 a worker of which only the control plane entry exists',
      request: ask('ubuntu_22_04', '1.35.2'),
      problem: 'other-role-only',
      says: 'the worker entry (without versions.controlPlane) for kubelet 1.35.2',
    },
    {
      title: 'an architecture that the image has no entry for',
      request: ask('ubuntu_22_04', '1.30.1', { arch: 'amd64' }),
      problem: 'unknown-version',
      says: 'kubelet 1.30.1',
    },
  ])('$title', ({ request, problem, says }) => {
    expect(selectSetup(setups, request)).toEqual({ problem, message: expect.stringContaining(says) });
  });

  test.each<{ title: string; request: SetupRequest; kubelet: string }>([
    { title: 'exact before pattern', request: ask('ubuntu_22_04', '1.36.3'), kubelet: '1.36.3' },
    { title: 'a pattern covers other patch levels', request: ask('ubuntu_22_04', '1.36.12'), kubelet: '1.36.x' },
    {
      title: 'a pattern for both versions',
      request: ask('ubuntu_22_04', '1.35.2', { controlPlane: '1.35.4' }),
      kubelet: '1.35.x',
    },
    { title: 'architecture that fits', request: ask('ubuntu_22_04', '1.30.1', { arch: 'arm64' }), kubelet: '1.30.1' },
    { title: 'architecture not known', request: ask('ubuntu_22_04', '1.30.1'), kubelet: '1.30.1' },
  ])('$title', ({ request, kubelet }) => {
    expect(selectSetup(setups, request)).toMatchObject({ found: { versions: { kubelet } } });
  });

  test('a pattern does not cover another minor that starts alike', () => {
    expect(selectSetup(setups, ask('ubuntu_22_04', '1.360.1'))).toMatchObject({ problem: 'unknown-version' });
  });
});

describe('parseMachineConfigs', () => {
  test('fields that nobody reads are warnings, with their place', () => {
    const text = OF_GO.replace('  userdata: echo node', '  userdata: echo node\n  userData: x').replace(
      'kubelet: 1.14.3\n      controlPlane',
      'kubelet: 1.14.3\n      kublet: x\n      controlPlane',
    );
    expect(parseMachineConfigs(text, 'x.yaml').warnings).toEqual([
      'item 1, versions: field kublet is not known and is ignored',
      'item 2: field userData is not known and is ignored',
    ]);
  });

  test.each<{ when: string; text: string; says: string }>([
    { when: 'not YAML', text: 'items: [', says: 'it is not YAML' },
    { when: 'another document', text: 'a: 1', says: 'it has no list "items"' },
    { when: 'empty', text: '', says: 'it has no list "items"' },
    {
      when: 'cloud-config',
      text: OF_GO.replace('userdata: echo node', 'userdata: "#cloud-config"'),
      says: 'item 2: userdata has to be a shell script',
    },
    {
      when: 'several things at once',
      text: 'items: [{name: a, machineParams: [{versions: {kubelet: 1.3, controlPlane: x}, kubeadmConfigVersion: v1beta2}]}, {userdata: x}]',
      says:
        'a: userdata is missing; a: image is missing; a: versions.kubelet "1.3" is not a version (1.36.3) or pattern (1.36.x); ' +
        'numbers have to be quoted; a: versions.controlPlane "x" is not a version (1.36.3) or pattern (1.36.x); numbers have to be quoted; ' +
        'a: kubeadmConfigVersion v1beta2 cannot be written, only v1beta3 and v1beta4; item 2: machineParams is missing or empty',
    },
  ])('$when is refused with the path', ({ text, says }) => {
    expect(() => parseMachineConfigs(text, '/etc/x.yaml')).toThrow(`/etc/x.yaml cannot be used: ${says}`);
  });
});

describe('the file that is shipped', () => {
  const shipped = shippedSetups();

  test('serves masters and workers of every version that can be tested here, on both images, without doubt', () => {
    for (const image of ['ubuntu_22_04', 'ubuntu_24_04']) {
      for (const version of Object.values(KUBERNETES_VERSIONS)) {
        expect(selectSetup(shipped, ask(image, version))).toHaveProperty('found');
        expect(selectSetup(shipped, ask(image, version, { controlPlane: version }))).toHaveProperty('found');
      }
    }
  });
});

describe('MachineConfigFile', () => {
  test('reads the file anew for every machine, and warns once per content', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-machine-configs-'));
    const path = join(folder, 'machine_configs.yaml');
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_message, fields) => warnings.push(String(fields?.['warning'])) };
    try {
      const file = new MachineConfigFile(path, log);
      await expect(file.setups()).rejects.toMatchObject({ code: 'MACHINE_CONFIGS_UNREADABLE' });
      writeFileSync(path, `${OF_GO}extra: 1\n`.replace('  userdata: echo node', '  userdata: echo node\n  other: 1'));
      expect(await file.setups()).toHaveLength(2);
      expect(await file.setups()).toHaveLength(2);
      expect(warnings).toEqual(['item 2: field other is not known and is ignored']);
      writeFileSync(path, OWN);
      expect(await file.setups()).toHaveLength(6);
      writeFileSync(path, 'items: 1');
      await expect(file.setups()).rejects.toMatchObject({ code: 'MACHINE_CONFIGS_INVALID' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
