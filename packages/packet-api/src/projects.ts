// Projects: what holds devices, addresses and volumes, and what a project key is good for.
import { isTrue, optionalText, parseObject, requiredText, withoutAbsent } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { backoff, OperatorError } from '@longshore/reconciler-core';
import { isForbidden } from './classify.ts';
import { optionalCount, optionalTime, tagsOf } from './fields.ts';
import { parseOwnId } from './ids.ts';
import type { ProjectId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';

/** A project. */
export interface Project {
  readonly id: ProjectId;
  readonly name: string;
  readonly type: 'default' | 'vmce' | (string & {}) | undefined;
  /** Private networks of all facilities are joined. */
  readonly hasBackendTransfer: boolean;
  readonly maxDevices: number | undefined;
  readonly tags: readonly string[];
  readonly createdAt: string | undefined;
}

/** A project to make, or what of one to change. */
export interface ProjectSpec {
  readonly name?: string | undefined;
  readonly organizationId?: string | undefined;
  readonly paymentMethodId?: string | undefined;
  readonly hasBackendTransfer?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
}

const ALL = '/projects';
const ONE = '/projects/{id}';

/** Calls about projects. */
export class Projects {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All projects that the token may see. */
  list(signal: AbortSignal): Promise<readonly Project[]> {
    const list = { at: route(ALL), key: 'projects', parse: parseProject, idOf: ({ id }: Project) => id };
    return listPaged(this.#http, list, signal);
  }

  /** One project; `undefined` only when the API itself says that there is none. */
  get(id: ProjectId, signal: AbortSignal): Promise<Project | undefined> {
    return this.#http.send(getting(route(ONE, id), parseProject), signal);
  }

  /** The project, or an error that says what to do: the check that address, token and project belong together. */
  async verify(id: ProjectId, signal: AbortSignal): Promise<Project> {
    const project = await this.get(id, signal).catch((error: unknown) => {
      throw isForbidden(error) ? unreadableProject(id, 'may not be read with this API key', error) : error;
    });
    if (project !== undefined) return project;
    throw unreadableProject(id, 'is unknown to the API, or of another account');
  }

  /** Makes a project. When the answer is lost, look for its name before making another. */
  create(spec: ProjectSpec & { readonly name: string }, signal: AbortSignal): Promise<Project> {
    return this.#http.send(creating(route(ALL), toProjectBody(spec), parseProject), signal);
  }

  /** Changes what is given; `undefined` when there is no such project. */
  update(id: ProjectId, change: ProjectSpec, signal: AbortSignal): Promise<Project | undefined> {
    return this.#http.send(
      setting('PUT', route(ONE, id), { body: toProjectBody(change), parse: parseProject }),
      signal,
    );
  }

  /** Removes a project that has nothing in it. */
  async remove(id: ProjectId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}

/** A project as the API writes it. */
export function parseProject(raw: unknown): Project {
  const project = parseObject(raw, 'project');
  return {
    id: parseOwnId<ProjectId>(project, 'project'),
    name: requiredText(project, 'name'),
    type: optionalText(project, 'type'),
    hasBackendTransfer: isTrue(project, 'backend_transfer_enabled'),
    maxDevices: optionalCount(project, 'max_devices'),
    tags: tagsOf(project),
    createdAt: optionalTime(project, 'created_at'),
  };
}

function toProjectBody(spec: ProjectSpec): JsonObject {
  return withoutAbsent({
    name: spec.name,
    organization_id: spec.organizationId,
    payment_method_id: spec.paymentMethodId,
    backend_transfer_enabled: spec.hasBackendTransfer,
    tags: spec.tags,
  });
}

function unreadableProject(id: ProjectId, reason: string, cause?: unknown): OperatorError {
  const message = `project ${id} ${reason}: check project ID, API key and base URL; nothing is concluded about its devices`;
  return new OperatorError('PACKET_PROJECT_UNREADABLE', message, backoff, cause === undefined ? undefined : { cause });
}
