// Starts the real thing. The first run on a machine builds kube-apiserver (minutes): `npm run control-plane -- --prepare`.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_MINOR, parseMinor, startControlPlane, startEtcd } from './index.ts';
import type { ControlPlane, ControlPlaneOptions } from './index.ts';
import { eventually, isAlive, runModule } from './testing/processes.ts';
import { readKubeconfig } from './testing/read-kubeconfig.ts';

const FIRST_BUILD_MS = 1_800_000;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

// LONGSHORE_TEST_MINOR=1.34 runs the same against an older minor (which is built first).
const minor = parseMinor(process.env['LONGSHORE_TEST_MINOR'] ?? '') ?? DEFAULT_MINOR;

const start = (options: ControlPlaneOptions = {}): Promise<ControlPlane> =>
  startControlPlane({ minor, onProgress: (message) => process.stderr.write(`${message}\n`), ...options });

const configMap = (name: string, value: string): object => ({ metadata: { name }, data: { value } });

async function whoAmI(plane: ControlPlane, token: string): Promise<unknown> {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { body } = await plane.request({ path, body: {} }, { token });
  return (body as { status: { userInfo: unknown } }).status.userInfo;
}

describe('a control plane', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await start({
      audit: true,
      users: [
        { name: 'limited', groups: ['testers'] },
        { name: 'fixed', token: 'fixed-token' },
      ],
    });
  }, FIRST_BUILD_MS);
  afterAll(() => plane.stop());

  test('says its version', () => {
    expect(plane.minor).toBe(minor);
    expect(plane.version.startsWith(`v${minor}.`)).toBe(true);
    expect(plane.server).toBe(`https://127.0.0.1:${plane.port}`);
  });

  test('keeps a ConfigMap, over plain node:https with the kubeconfig alone', async () => {
    const { server, caCertPem, token } = readKubeconfig(plane.kubeconfigPath);
    const call = (
      method: string,
      path: string,
      body?: object,
    ): Promise<{ status: number | undefined; body: unknown }> =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const outgoing = request(new URL(path, server), { method, headers, ca: caCertPem }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
        });
        outgoing.on('error', reject);
        outgoing.end(body && JSON.stringify(body));
      });
    expect((await call('POST', CONFIG_MAPS, configMap('plain', 'x'))).status).toBe(201);
    expect((await call('GET', `${CONFIG_MAPS}/plain`)).body).toMatchObject({ data: { value: 'x' } });
  });

  test('is reached by name too: the certificate holds localhost', async () => {
    expect(await fetchText(`https://localhost:${plane.port}/readyz`, { ca: plane.caCertPem })).toBe('ok');
  });

  test('refuses a user without rights, says so in the audit log, and allows what a role grants', async () => {
    const as = { token: plane.tokenOf('limited') };
    expect((await plane.request({ path: CONFIG_MAPS }, as)).status).toBe(403);
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await plane.request({ path: `${rbac}/clusterroles`, body: { metadata: { name: 'list-maps' }, rules } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'list-maps' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'testers' }];
    await plane.request({
      path: `${rbac}/clusterrolebindings`,
      body: { metadata: { name: 'testers-list' }, roleRef, subjects },
    });
    await untilStatus(200, () => plane.request({ path: CONFIG_MAPS }, as));
    expect((await plane.request({ path: CONFIG_MAPS, body: configMap('no', 'x') }, as)).status).toBe(403);

    const events = (await plane.auditEvents()).filter(({ user }) => user.username === 'limited');
    const decision = (verb: string, code: number): readonly unknown[] =>
      events
        .filter((event) => event.verb === verb && event.responseStatus?.code === code)
        .map(({ annotations }) => annotations?.['authorization.k8s.io/reason']);
    expect(decision('list', 403)[0]).toBe('');
    expect(decision('list', 200)[0]).toContain('testers-list');
    expect(decision('create', 403)).toHaveLength(1);
    expect(plane.auditLog).toBe(join(plane.folder, 'audit.log'));
  });

  test('knows its users by token, service account token, client certificate, and nobody else', async () => {
    expect(await whoAmI(plane, 'fixed-token')).toMatchObject({ username: 'fixed' });
    const token = await plane.createToken({ namespace: 'default', name: 'robot' });
    expect(await whoAmI(plane, token)).toMatchObject({ username: 'system:serviceaccount:default:robot' });
    // A second token of an account that exists already.
    expect(await plane.createToken({ namespace: 'default', name: 'robot', expirationSeconds: 600 })).not.toBe(token);
    expect((await plane.request({ path: CONFIG_MAPS }, { token: 'made-up' })).status).toBe(401);
    expect((await plane.request({ path: CONFIG_MAPS }, { token: undefined })).status).toBe(403);
    expect(() => plane.tokenOf('nobody')).toThrow('no user "nobody"');
    await expect(plane.createToken({ namespace: 'nowhere', name: 'robot' })).rejects.toThrow('nowhere/robot');
  });

  test('TokenReview answers for users of the token file, so that other servers can delegate to it', async () => {
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const { body } = await plane.request({ path, body: { spec: { token: 'fixed-token' } } });
    expect(body).toMatchObject({ status: { authenticated: true, user: { username: 'fixed' } } });
  });

  test('writes kubeconfigs that only their owner can read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-kubeconfig-'));
    const path = join(folder, 'new', 'config');
    await plane.writeKubeconfig(path, { certificateFor: 'ann', groups: ['system:masters'] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { clientCertPem: cert, clientKeyPem: key } = readKubeconfig(path);
    const tls = { ca: plane.caCertPem, cert, key };
    expect(await fetchText(`${plane.server}/api/v1/namespaces/kube-system`, tls)).toContain('"kube-system"');
    await plane.writeKubeconfig(path, { userName: 'fixed' });
    expect(readKubeconfig(path)).toMatchObject({ userName: 'fixed', token: 'fixed-token' });
    await rm(folder, { recursive: true });
  });

  test('freezes and goes on', async () => {
    plane.apiServer.pause();
    await expect(plane.request({ path: '/readyz', timeoutMs: 300 })).rejects.toThrow();
    plane.apiServer.resume();
    expect((await plane.request({ path: '/readyz' })).status).toBe(200);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'a restart after %s keeps port, data, users and certificates',
    async (signal) => {
      const name = `kept-${signal.toLowerCase()}`;
      await plane.request({ path: CONFIG_MAPS, body: configMap(name, 'x') });
      const before = plane.apiServer.pid;
      await plane.apiServer.stop({ signal });
      expect(plane.apiServer.isRunning).toBe(false);
      await expect(plane.request({ path: '/readyz' })).rejects.toThrow(/ECONNREFUSED/);
      await plane.apiServer.start();
      expect(plane.apiServer.pid).not.toBe(before);
      expect((await plane.request({ path: `${CONFIG_MAPS}/${name}` })).body).toMatchObject({ data: { value: 'x' } });
      expect(await whoAmI(plane, plane.tokenOf('limited'))).toMatchObject({ username: 'limited' });
    },
  );

  test('after a compaction and a restart an old resourceVersion is gone', async () => {
    const created = await plane.request({ path: CONFIG_MAPS, body: configMap('old', 'x') });
    const { resourceVersion } = (created.body as { metadata: { resourceVersion: string } }).metadata;
    await plane.request({ path: CONFIG_MAPS, body: configMap('newer', 'x') });
    await plane.etcd.compact();
    await plane.etcd.compact();
    await plane.apiServer.stop();
    await plane.apiServer.start();
    const path = `${CONFIG_MAPS}?watch=true&timeoutSeconds=1&resourceVersion=${Number(resourceVersion) - 1}`;
    const { status, body } = await plane.request({ path });
    expect(JSON.stringify({ status, body })).toContain('410');
  });

  test('survives the loss of etcd', async () => {
    await plane.etcd.component.stop({ signal: 'SIGKILL' });
    await plane.etcd.component.start();
    await untilStatus(200, () =>
      plane.request({ path: `${CONFIG_MAPS}/plain`, timeoutMs: 2_000 }).catch(() => ({ status: 0 })),
    );
  });
});

describe('a checkpoint', () => {
  test('brings back what was deleted or changed, and takes away what came, types included', async () => {
    const plane = await start();
    const valueOf = async (name: string): Promise<unknown> =>
      ((await plane.request({ path: `${CONFIG_MAPS}/${name}` })).body as { data?: { value?: string } }).data?.value;
    const names = { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    const spec = {
      group: 'x.io',
      names,
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    };
    const body = { metadata: { name: 'boats.x.io' }, spec };
    const boats = '/apis/x.io/v1/namespaces/default/boats';
    try {
      for (const name of ['kept', 'changed', 'deleted']) {
        await plane.request({ path: CONFIG_MAPS, body: configMap(name, 'then') });
      }
      const checkpoint = await plane.checkpoint();
      for (const _round of [1, 2]) {
        await plane.request({ path: `${CONFIG_MAPS}/changed`, method: 'PUT', body: configMap('changed', 'now') });
        await plane.request({ path: `${CONFIG_MAPS}/deleted`, method: 'DELETE' });
        await plane.request({ path: CONFIG_MAPS, body: configMap('new', 'now') });
        await plane.request({ path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body });
        const boat = { apiVersion: 'x.io/v1', kind: 'Boat', metadata: { name: 'one' } };
        await untilStatus(201, () => plane.request({ path: boats, body: boat }));
        await checkpoint.restore();
        expect(await Promise.all(['kept', 'changed', 'deleted', 'new'].map(valueOf))).toEqual([
          'then',
          'then',
          'then',
          undefined,
        ]);
        await untilStatus(404, () => plane.request({ path: boats }));
      }
    } finally {
      await plane.stop();
    }
  });
});

describe('the options of a control plane', () => {
  test('stop leaves no process and no folder', async () => {
    const plane = await start();
    const pids = [plane.apiServer.pid!, plane.etcd.component.pid!];
    expect(pids.every(isAlive)).toBe(true);
    await Promise.all([plane.stop(), plane.stop()]);
    expect(pids.some(isAlive)).toBe(false);
    expect(existsSync(plane.folder)).toBe(false);
    expect(await plane.auditEvents()).toEqual([]);
  });

  test(
    'controllers and scheduler work on a deployment',
    async () => {
      const plane = await start({ controllers: true });
      try {
        const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'x', image: 'x' }] } };
        const spec = { replicas: 1, selector: { matchLabels: { app: 'x' } }, template };
        const body = { metadata: { name: 'x' }, spec };
        expect((await plane.request({ path: '/apis/apps/v1/namespaces/default/deployments', body })).status).toBe(201);
        const isSeen = async (): Promise<boolean> => {
          const pods = await plane.request({ path: '/api/v1/namespaces/default/pods' });
          return JSON.stringify(pods.body).includes('no nodes available to schedule pods');
        };
        await untilTrue(isSeen);
        expect(plane.controllerManager?.isRunning).toBe(true);
        expect(plane.scheduler?.isRunning).toBe(true);
      } finally {
        await plane.stop();
      }
    },
    FIRST_BUILD_MS,
  );

  test('IPv6', async () => {
    const plane = await start({ bindAddress: '::1' });
    try {
      expect(plane.server).toBe(`https://[::1]:${plane.port}`);
      expect((await plane.request({ path: CONFIG_MAPS })).status).toBe(200);
    } finally {
      await plane.stop();
    }
  });

  test('control planes can share an etcd and see nothing of each other', async () => {
    const etcd = await startEtcd();
    const planes = await Promise.all([start({ etcd }), start({ etcd, apiServerArgs: ['--anonymous-auth=false'] })]);
    try {
      const [first, second] = planes;
      expect((await first.request({ path: CONFIG_MAPS, body: configMap('mine', 'x') })).status).toBe(201);
      expect((await second.request({ path: `${CONFIG_MAPS}/mine` })).status).toBe(404);
      expect((await first.request({ path: '/readyz' }, { token: undefined })).status).toBe(200);
      expect((await second.request({ path: '/readyz' }, { token: undefined })).status).toBe(401);
      await first.stop();
      expect((await second.request({ path: CONFIG_MAPS })).status).toBe(200);
    } finally {
      await Promise.all(planes.map((plane) => plane.stop()));
      await etcd.stop();
    }
    expect(etcd.component.isRunning).toBe(false);
  });

  test('a wrong flag is a failed start that shows the end of the log', async () => {
    await expect(start({ apiServerArgs: ['--nonsense=1'] })).rejects.toMatchObject({
      code: 'CONTROL_PLANE_START_FAILED',
      message: expect.stringMatching(/kube-apiserver ended with exit code 1.*unknown flag: --nonsense/s),
    });
  });

  test('a component that ends by itself is reported', async () => {
    const failures: Error[] = [];
    const plane = await start({ onFailure: (error) => failures.push(error) });
    process.kill(plane.apiServer.pid!, 'SIGKILL');
    await eventually('the report', () => failures.length > 0);
    expect(failures).toEqual([expect.objectContaining({ code: 'CONTROL_PLANE_COMPONENT_ENDED' })]);
    await plane.stop();
    expect(failures).toHaveLength(1);
  });

  test('when the parent is killed, nothing is left', async () => {
    const parent = runModule(
      new URL('./index.ts', import.meta.url),
      `const plane = await subject.startControlPlane();
       console.log(JSON.stringify({ pids: [plane.apiServer.pid, plane.etcd.component.pid], folder: plane.folder }));
       setInterval(() => {}, 1000);`,
    );
    const { pids, folder } = JSON.parse(await parent.line(/^{/)) as { pids: number[]; folder: string };
    expect(pids.every(isAlive)).toBe(true);
    parent.process.kill('SIGKILL');
    await eventually('all processes are gone', () => !pids.some(isAlive));
    await eventually('the folder is gone', () => !existsSync(folder));
  });
});

function fetchText(url: string, tls: { ca: string; cert?: string; key?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...tls, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function untilStatus(status: number, ask: () => Promise<{ readonly status: number }>): Promise<void> {
  await untilTrue(async () => (await ask()).status === status);
}

async function untilTrue(isTrue: () => Promise<boolean>): Promise<void> {
  let answer = false;
  const ask = async (): Promise<void> => {
    answer = await isTrue();
    if (!answer) setTimeout(() => void ask(), 50);
  };
  await ask();
  await eventually('the condition', () => answer);
}
