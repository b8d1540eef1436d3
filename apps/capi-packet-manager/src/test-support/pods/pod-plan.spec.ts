import { describe, expect, test } from '@jest/globals';
import { mountScript, planProcess } from './pod-plan.ts';
import type { Pod } from './pod-objects.ts';

const sources = {
  secret: (name: string) => (name === 'credentials' ? { apiKey: 'k', projectID: 'p' } : undefined),
  configMap: (name: string) =>
    new Map<string, Record<string, string>>([
      ['setup', { 'machine_configs.yaml': 'items: []' }],
      ['kube-root-ca.crt', { 'ca.crt': 'CA' }],
    ]).get(name),
  token: 'T',
};

const aPod = (container: object, volumes: readonly object[] = []): Pod =>
  ({
    metadata: { name: 'manager-0', namespace: 'system', uid: 'u' },
    spec: { nodeName: 'here', containers: [{ name: 'manager', ...container }], volumes },
  }) as Pod;

describe('a pod as a process', () => {
  test('has the arguments after the program, with variables in them', () => {
    const pod = aPod({
      command: ['/manager', '--a'],
      args: ['--ns=$(NS)', '$$(NS)', '$(NO)'],
      env: [{ name: 'NS', value: 'x' }],
    });
    expect(planProcess(pod, sources).args).toEqual(['--a', '--ns=x', '$(NS)', '$(NO)']);
  });

  test('has variables from Secrets and fields', () => {
    const env = [
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'credentials', key: 'apiKey' } } },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 'other', key: 'x', optional: true } } },
    ];
    expect(planProcess(aPod({ env }), sources).env).toEqual({ KEY: 'k', NODE_NAME: 'here' });
  });

  test('waits for a Secret that is not there', () => {
    const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'other', key: 'x' } } }];
    expect(() => planProcess(aPod({ env }), sources)).toThrow(/other does not exist/);
  });

  test('has its volumes as files', () => {
    const volumeMounts = [
      { name: 'config', mountPath: '/etc/machineconfig' },
      { name: 'api', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ];
    const volumes = [
      { name: 'config', configMap: { name: 'setup' } },
      {
        name: 'api',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
          ],
        },
      },
    ];
    expect(planProcess(aPod({ volumeMounts }, volumes), sources).mounts).toEqual([
      { path: '/etc/machineconfig', files: { 'machine_configs.yaml': 'items: []' } },
      {
        path: '/var/run/secrets/kubernetes.io/serviceaccount',
        files: { token: 'T', 'ca.crt': 'CA', namespace: 'system' },
      },
    ]);
  });

  test('leaves nothing on the machine: what is not there is made above an overlay', () => {
    const script = mountScript(
      new Map([
        ['/etc/machineconfig', '/tmp/a'],
        ['/var/run/secrets/x', '/tmp/b'],
      ]),
      () => false,
    );
    expect(script).toContain('mount -t overlay -o lowerdir=/etc,');
    expect(script).not.toContain('lowerdir=/var');
    expect(script.split('\n').at(-1)).toBe('exec "$@"');
  });
});
