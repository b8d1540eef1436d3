// Projects: groups of resources, for bills and people.
import { isTrue, parseObject, requiredListOf, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseProjectId } from './ids.ts';
import type { ProjectId } from './ids.ts';
import { listAll } from './lists.ts';

/** A project. */
export interface Project {
  readonly id: ProjectId;
  /** Unique in the account. */
  readonly name: string;
  /** Takes resources that name no project. */
  readonly isDefault: boolean;
}

/** What became of one resource. */
export interface Assignment {
  /** `do:loadbalancer:<uuid>`. */
  readonly urn: string;
  readonly status: 'ok' | 'assigned' | 'already_assigned' | 'not_found' | 'service_down' | (string & {});
}

/** Calls about projects. */
export class Projects {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All projects. */
  list(signal: AbortSignal): Promise<readonly Project[]> {
    return listAll(
      this.#http,
      { path: '/v2/projects', key: 'projects', parse: parseProject, idOf: ({ id }: Project) => id },
      signal,
    );
  }

  /** One project; `undefined` only when the API itself says that there is none. */
  get(id: ProjectId | 'default', signal: AbortSignal): Promise<Project | undefined> {
    return this.#http.send(
      {
        method: 'GET',
        path: `/v2/projects/${encodeURIComponent(id)}`,
        name: '/v2/projects/{id}',
        parse: (body) => parseProject(parseObject(body, 'the answer')['project']),
        absentOn404: true,
      },
      signal,
    );
  }

  /** Moves the resources into the project; `undefined` when there is no such project. Doing it twice is the same as once. */
  assign(id: ProjectId, urns: readonly string[], signal: AbortSignal): Promise<readonly Assignment[] | undefined> {
    return this.#http.send(
      {
        method: 'POST',
        path: `/v2/projects/${encodeURIComponent(id)}/resources`,
        name: '/v2/projects/{id}/resources',
        body: { resources: urns },
        parse: (body) => requiredListOf(body, 'resources', parseAssignment),
        absentOn404: true,
        idempotent: true,
      },
      signal,
    );
  }
}

function parseProject(raw: unknown): Project {
  const project = parseObject(raw, 'project');
  return {
    id: parseProjectId(requiredText(project, 'id')),
    name: requiredText(project, 'name'),
    isDefault: isTrue(project, 'is_default'),
  };
}

function parseAssignment(raw: unknown): Assignment {
  const assignment = parseObject(raw, 'assignment');
  return { urn: requiredText(assignment, 'urn'), status: requiredText(assignment, 'status') };
}
