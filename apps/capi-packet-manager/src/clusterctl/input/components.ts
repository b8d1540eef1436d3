// provider-components.yaml: credentials put in where placeholders stand, its text without any secret, and how many replicas run where. Pure.
import { stringify } from 'yaml';
import { CREDENTIALS_SECRET, PACKET_NAMESPACE } from '../../api/names.ts';
import type { AnyObject, Secret } from '../kube-kinds.ts';

/** Who may call the Packet API. */
export interface Credentials {
  readonly apiKey: string;
  readonly projectId: string;
}

const PLACEHOLDER = /^$|^[$<{]|REPLACE|PLACEHOLDER|CHANGE_?ME|^(apiKey|projectID)$/i;
const FIELDS = [
  ['apiKey', 'apiKey'],
  ['projectID', 'projectId'],
] as const;
/** What stands in the credentials Secret of a text that holds no secret. */
export const HIDDEN = '<filled in by clusterctl>';

/** Whether a value is a placeholder of a template, in clear or as base64 of one. */
export function isPlaceholder(value: string): boolean {
  if (PLACEHOLDER.test(value.trim())) return true;
  return PLACEHOLDER.test(Buffer.from(value, 'base64').toString('utf8').trim());
}

/** The objects with the credentials in their Secret; what is no placeholder stays as somebody wrote it. */
export function withCredentials(objects: readonly AnyObject[], credentials: Credentials): readonly AnyObject[] {
  return objects.map((object) => (isCredentials(object) ? filled(object as Secret, credentials) : object));
}

function isCredentials({ kind, metadata }: AnyObject): boolean {
  return kind === 'Secret' && metadata?.name === CREDENTIALS_SECRET;
}

function filled(secret: Secret, credentials: Credentials): AnyObject {
  const { data = {}, stringData = {}, ...rest } = secret;
  const values: Record<string, string> = { ...data };
  for (const [name, value] of Object.entries(stringData)) values[name] = Buffer.from(value).toString('base64');
  for (const [name, field] of FIELDS) {
    const isOpen = isPlaceholder(stringData[name] ?? data[name] ?? '');
    if (isOpen) values[name] = Buffer.from(credentials[field]).toString('base64');
  }
  return { ...rest, data: values };
}

/** Whether the credentials must come from the environment. */
export function needsCredentials(objects: readonly AnyObject[]): boolean {
  return objects.filter(isCredentials).some((object) => {
    const { data = {}, stringData = {} } = object as Secret;
    return FIELDS.some(([name]) => isPlaceholder(stringData[name] ?? data[name] ?? ''));
  });
}

/** The stream again, with no value of any Secret in it: for the ConfigMap that everybody may read. */
export function textWithoutSecrets(objects: readonly AnyObject[]): string {
  return objects.map((object) => stringify(hidden(object))).join('---\n');
}

function hidden(object: AnyObject): AnyObject {
  if (object.kind !== 'Secret') return object;
  const { data = {}, stringData = {}, ...rest } = object as Secret;
  const names = [...new Set([...Object.keys(data), ...Object.keys(stringData)])];
  return { ...rest, stringData: Object.fromEntries(names.map((name) => [name, HIDDEN])) };
}

/** The components with StatefulSets that do not start: for a target that may not work yet. `running` names those that run already. */
export function withoutReplicas(
  objects: readonly AnyObject[],
  running: ReadonlyMap<string, number>,
): readonly AnyObject[] {
  return objects.map((object) => {
    if (object.kind !== 'StatefulSet') return object;
    const spec = object['spec'] as Readonly<Record<string, unknown>> | undefined;
    const replicas = running.get(`${object.metadata?.namespace ?? 'default'}/${object.metadata?.name ?? ''}`) ?? 0;
    return { ...object, spec: { ...spec, replicas } };
  });
}

/** Whether the components bring what a pivot needs: their StatefulSets and the credentials' namespace. */
export function componentProblems(path: string, objects: readonly AnyObject[]): readonly string[] {
  const has = (kind: string): boolean => objects.some((object) => object.kind === kind);
  return [
    ...(has('CustomResourceDefinition')
      ? []
      : [`${path} holds no CustomResourceDefinition: is it provider-components.yaml?`]),
    ...(has('StatefulSet') ? [] : [`${path} holds no StatefulSet: nothing would make machines`]),
    ...(objects.some(isCredentials) ? [] : [`${path} holds no Secret ${PACKET_NAMESPACE}/${CREDENTIALS_SECRET}`]),
  ];
}
