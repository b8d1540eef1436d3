// Asks the API, before anything is made, whether it would make the servers that are wished for. Orders nothing. Made for clusterctl, which
// refuses with all problems at once; what cannot be asked is no problem.
import type { Device, Facility, OperatingSystem, PacketApi, Plan, Project, ProjectId } from '@longshore/packet-api';
import { parseProjectId } from '@longshore/packet-api';
import { messageOf } from '@longshore/reconciler-core';
import type { AccountProblem, AccountWish } from './contract.ts';
import { isCredentialsTrouble, isKeyRefused } from './failures.ts';
import { capacityProblems, problemsOfWish, quotaProblems, sshKeyProblems, sumWishes } from './preflight-rules.ts';
import type { CapacityAnswers } from './preflight-rules.ts';
import { isMetro } from './server-orders.ts';

/** The calls that are needed. */
export type AccountCalls = Pick<PacketApi, 'projects' | 'devices' | 'catalog' | 'capacity' | 'sshKeys'>;

/** All problems of the wishes, in the order of the wishes; empty when the API would make them. Rejects when the API does not answer. */
export async function checkAccount(
  api: AccountCalls,
  wishes: readonly AccountWish[],
  signal: AbortSignal,
): Promise<readonly AccountProblem[]> {
  const problems: AccountProblem[] = [];
  for (const group of Map.groupBy(wishes, ({ projectId }) => projectId).values()) {
    problems.push(...(await checkProject(api, group, signal)));
  }
  return problems;
}

async function checkProject(
  api: AccountCalls,
  wishes: readonly AccountWish[],
  signal: AbortSignal,
): Promise<readonly AccountProblem[]> {
  const [first] = wishes;
  if (first === undefined) return [];
  const field = `${first.field}: projectID`;
  const projectId = parseProjectId(first.projectId);
  if (projectId === undefined) {
    return [{ field, message: `"${first.projectId}" is not a project ID: write the UUID of the project` }];
  }
  const project = await readProject(api, projectId, { field, signal });
  if ('message' in project) return [project];
  return checkInProject(api, { project, wishes }, signal);
}

async function readProject(
  api: AccountCalls,
  projectId: ProjectId,
  { field, signal }: { readonly field: string; readonly signal: AbortSignal },
): Promise<Project | AccountProblem> {
  try {
    return await api.projects.verify(projectId, signal);
  } catch (error) {
    if (isKeyRefused(error)) {
      return {
        field: 'PACKET_API_KEY',
        message: `the API refuses the key: put a valid one in place: ${messageOf(error)}`,
      };
    }
    if (isCredentialsTrouble(error)) return { field, message: messageOf(error) };
    throw error;
  }
}

async function checkInProject(
  api: AccountCalls,
  { project, wishes }: { readonly project: Project; readonly wishes: readonly AccountWish[] },
  signal: AbortSignal,
): Promise<readonly AccountProblem[]> {
  const [plans, systems, facilities, devices]: [
    readonly Plan[],
    readonly OperatingSystem[],
    readonly Facility[],
    readonly Device[],
  ] = await Promise.all([
    api.catalog.plans(signal, project.id),
    api.catalog.operatingSystems(signal),
    api.catalog.facilities(signal),
    project.maxDevices === undefined ? [] : api.devices.list(project.id, signal),
  ]);
  const catalog = { plans, systems, facilities };
  const known = wishes.map((wish) => ({ wish, problems: problemsOfWish(wish, catalog) }));
  const sound = sumWishes(known.filter(({ problems }) => problems.length === 0).map(({ wish }) => wish));
  const needsKeys = wishes.some(({ sshKeys }) => sshKeys.length === 0);
  return [
    ...known.flatMap(({ problems }) => problems),
    ...capacityProblems(sound, await askCapacity(api, sound, signal)),
    ...quotaProblems(project, devices.length, wishes),
    ...(needsKeys ? sshKeyProblems(wishes, await countKeys(api, project.id, signal)) : []),
  ];
}

// One question per facility and plan, each for all servers that would go there at first choice.
async function askCapacity(
  api: AccountCalls,
  wishes: readonly AccountWish[],
  signal: AbortSignal,
): Promise<CapacityAnswers> {
  const answers = new Map<string, boolean>();
  for (const { plan, facilities, quantity } of wishes) {
    for (const place of facilities) {
      const key = `${place}/${plan}/${quantity}`;
      if (answers.has(key)) continue;
      const asked = isMetro(place) ? { metro: place, plan, quantity } : { facility: place, plan, quantity };
      const [answer] = await api.capacity.check([asked], signal);
      answers.set(key, answer?.isAvailable ?? false);
    }
  }
  return answers;
}

// Without a wish a device gets the keys of the project and of the key's user. A project key has no user.
async function countKeys(api: AccountCalls, projectId: ProjectId, signal: AbortSignal): Promise<number> {
  const ofProject = await api.sshKeys.list(projectId, signal);
  if (ofProject.length > 0) return ofProject.length;
  const ofUser = await api.sshKeys.list('user', signal).catch((error: unknown) => {
    if (isCredentialsTrouble(error)) return [];
    throw error;
  });
  return ofUser.length;
}
