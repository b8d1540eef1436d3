// Routes of SSH keys, the user's and those of projects.
import { createHash } from 'node:crypto';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, unprocessable } from './answers.ts';
import { dateNow, newId, refTo, withOne, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import type { WirePacketSshKey } from './wire.ts';
import type { SshKeyRecord } from './world.ts';

interface KeyBody {
  readonly label?: string;
  readonly key?: string;
  readonly tags?: readonly string[];
}

/** The routes. */
export function sshKeyRoutes(context: PacketContext): readonly PacketRoute[] {
  const one = (request: SimRequest, work: (key: SshKeyRecord) => SimAnswer): SimAnswer =>
    withOne(context, request, worldOf(context, request).sshKeys, work);
  const change = (request: SimRequest): SimAnswer => one(request, (key) => update(context, request, key));
  return [
    {
      method: 'GET',
      template: '/ssh-keys',
      queryNames: ['search', 'include'],
      answer: (request) => list(context, request, { projectId: undefined, search: request.query.get('search') }),
    },
    {
      method: 'GET',
      template: '/projects/{id}/ssh-keys',
      queryNames: ['query', 'search', 'include'],
      answer: (request) =>
        withProject(context, request, ({ id }) => {
          const { query } = request;
          return list(context, request, { projectId: id, search: query.get('query') ?? query.get('search') });
        }),
    },
    {
      method: 'POST',
      template: '/ssh-keys',
      queryNames: ['include'],
      answer: (request) => create(context, request, undefined),
    },
    {
      method: 'POST',
      template: '/projects/{id}/ssh-keys',
      queryNames: ['include'],
      answer: (request) => withProject(context, request, ({ id }) => create(context, request, id)),
    },
    {
      method: 'GET',
      template: '/ssh-keys/{id}',
      queryNames: ['include'],
      answer: (request) => one(request, (key) => ({ status: 200, body: viewSshKey(context, key) })),
    },
    { method: 'PUT', template: '/ssh-keys/{id}', queryNames: ['include'], answer: change },
    { method: 'PATCH', template: '/ssh-keys/{id}', queryNames: ['include'], answer: change },
    {
      method: 'DELETE',
      template: '/ssh-keys/{id}',
      answer: (request) =>
        one(request, ({ id }) => {
          context.store.commit({ sshKeys: withoutEntry(context.store.current.sshKeys, id) });
          return done;
        }),
    },
  ];
}

/** A key as the API shows it. */
export function viewSshKey(context: PacketContext, record: SshKeyRecord): WirePacketSshKey {
  const { id, label, key, fingerprint, tags, createdAt, updatedAt, projectId } = record;
  return {
    id,
    label,
    key,
    fingerprint,
    tags,
    created_at: createdAt,
    updated_at: updatedAt,
    entity: refTo(context, projectId === undefined ? '/user' : `/projects/${projectId}`),
    ...refTo(context, `/ssh-keys/${id}`),
  };
}

/** Puts a key into the world. */
export function addSshKey(
  context: PacketContext,
  wish: Pick<SshKeyRecord, 'projectId' | 'label' | 'key' | 'tags'>,
): SshKeyRecord {
  const { store } = context;
  const now = dateNow(context);
  const fingerprint = fingerprintOf(wish.key);
  const made: SshKeyRecord = { id: newId(context), ...wish, fingerprint, createdAt: now, updatedAt: now };
  store.commit({ sshKeys: withEntry(store.current.sshKeys, made.id, made) });
  return made;
}

function list(
  context: PacketContext,
  request: SimRequest,
  { projectId, search }: { readonly projectId: string | undefined; readonly search: string | null },
): SimAnswer {
  // The search is for the whole label or fingerprint.
  const isWanted = (key: SshKeyRecord): boolean =>
    search === null || search === '' || key.label === search || key.fingerprint === search;
  const keys = [...worldOf(context, request).sshKeys.values()].filter(
    (key) => key.projectId === projectId && context.tokens.maySee(request, key.projectId) && isWanted(key),
  );
  return { status: 200, body: { ssh_keys: keys.map((key) => viewSshKey(context, key)) } };
}

function create(context: PacketContext, request: SimRequest, projectId: string | undefined): SimAnswer {
  const { label = '', key = '', tags = [] } = request.body as KeyBody;
  const problems = keyProblems(context, { label, key, projectId });
  if (problems.length > 0) return unprocessable(...problems);
  return { status: 201, body: viewSshKey(context, addSshKey(context, { projectId, label, key, tags })) };
}

function update(context: PacketContext, request: SimRequest, record: SshKeyRecord): SimAnswer {
  const body = (request.body ?? {}) as KeyBody;
  const { label = record.label, key = record.key, tags = record.tags } = body;
  const problems = keyProblems(context, { label, key, projectId: record.projectId, id: record.id });
  if (problems.length > 0) return unprocessable(...problems);
  const changed = { ...record, label, key, tags, fingerprint: fingerprintOf(key), updatedAt: dateNow(context) };
  context.store.commit({ sshKeys: withEntry(context.store.current.sshKeys, record.id, changed) });
  return { status: 200, body: viewSshKey(context, changed) };
}

function keyProblems(
  { store }: PacketContext,
  { label, key, projectId, id }: Pick<SshKeyRecord, 'label' | 'key' | 'projectId'> & { readonly id?: string },
): readonly string[] {
  const isTaken = [...store.current.sshKeys.values()].some(
    (other) => other.projectId === projectId && other.id !== id && other.fingerprint === fingerprintOf(key),
  );
  return [
    ...(label === '' ? ["Label can't be blank"] : []),
    ...(/^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+/.test(key) ? [] : ['Key is invalid']),
    ...(isTaken ? ['Fingerprint has already been taken'] : []),
  ];
}

// As `ssh-keygen -E md5 -l` prints it, without its prefix.
function fingerprintOf(key: string): string {
  const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? '', 'base64');
  const digest = createHash('md5').update(blob).digest('hex');
  return (digest.match(/../g) ?? []).join(':');
}
