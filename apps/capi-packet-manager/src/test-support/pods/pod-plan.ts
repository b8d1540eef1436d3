// What a pod's process needs, from the pod and the objects that it names. Pure. Who runs it: pod-process.ts.
import type { Container, EnvVar, Pod, ProjectedSource, Volume } from './pod-objects.ts';

/** What is looked up in the API, by name in the pod's namespace. */
export interface Sources {
  secret(name: string): Readonly<Record<string, string>> | undefined;
  configMap(name: string): Readonly<Record<string, string>> | undefined;
  /** A token of the pod's service account. */
  readonly token: string;
}

/** A folder of files that appears at a path. */
export interface MountPlan {
  readonly path: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A process. */
export interface ProcessPlan {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly MountPlan[];
}

/** The first container as a process; throws with the name of what is missing, as a kubelet would wait for it. */
export function planProcess(pod: Pod, sources: Sources): ProcessPlan {
  const [container] = pod.spec?.containers ?? [];
  if (container === undefined) throw new Error('the pod has no container');
  const env = envOf(pod, container, sources);
  const args = [...(container.command ?? []).slice(1), ...(container.args ?? [])].map((arg) => expand(arg, env));
  return { args, env, mounts: mountsOf(pod, container, sources) };
}

function envOf(pod: Pod, container: Container, sources: Sources): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { secretRef: secret, configMapRef: configMap } of container.envFrom ?? []) {
    if (secret) Object.assign(env, found(sources.secret(secret.name), secret.name, secret));
    if (configMap) Object.assign(env, found(sources.configMap(configMap.name), configMap.name, configMap));
  }
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const text = valueFrom === undefined ? expand(value, env) : lookedUp(pod, valueFrom, sources);
    if (text !== undefined) env[name] = text;
  }
  return env;
}

function lookedUp(pod: Pod, from: NonNullable<EnvVar['valueFrom']>, sources: Sources): string | undefined {
  const { secretKeyRef: secret, configMapKeyRef: configMap, fieldRef } = from;
  if (secret) return found(sources.secret(secret.name), secret.name, secret)[secret.key];
  if (configMap) return found(sources.configMap(configMap.name), configMap.name, configMap)[configMap.key];
  return fieldRef && fieldOf(pod, fieldRef.fieldPath);
}

function found(
  object: Readonly<Record<string, string>> | undefined,
  name: string,
  { optional = false }: { readonly optional?: boolean } = {},
): Readonly<Record<string, string>> {
  if (object !== undefined) return object;
  if (optional) return {};
  throw new Error(`${name} does not exist`);
}

function fieldOf({ metadata, spec }: Pod, path: string): string | undefined {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'metadata.uid': metadata?.uid,
    'spec.nodeName': spec?.nodeName,
    'spec.serviceAccountName': spec?.serviceAccountName,
    'status.podIP': '127.0.0.1',
    'status.hostIP': '127.0.0.1',
  };
  if (!(path in fields)) throw new Error(`the field ${path} is not known to the pod host`);
  return fields[path];
}

// `$(NAME)`; a name that is not set stays as it is, and `$$(NAME)` is no reference.
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([\w.-]+)\)/g, (all, name?: string) => (name === undefined ? '$' : (env[name] ?? all)));
}

function mountsOf(pod: Pod, container: Container, sources: Sources): readonly MountPlan[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, subPath }) => {
    const volume = pod.spec?.volumes?.find((one) => one.name === name);
    if (volume === undefined) throw new Error(`the volume ${name} does not exist`);
    if (subPath !== undefined) throw new Error(`the mount ${mountPath} has a subPath, which the pod host cannot make`);
    return { path: mountPath, files: filesOf(pod, volume, sources) };
  });
}

function filesOf(pod: Pod, volume: Volume, sources: Sources): Readonly<Record<string, string>> {
  const { secret, configMap, projected, emptyDir } = volume;
  if (secret) return pick(found(sources.secret(secret.secretName), secret.secretName, secret), secret.items);
  if (configMap) return pick(found(sources.configMap(configMap.name), configMap.name, configMap), configMap.items);
  if (projected) {
    const parts = (projected.sources ?? []).map((source) => projectedFiles(pod, source, sources));
    return Object.assign({}, ...parts) as Readonly<Record<string, string>>;
  }
  if (emptyDir) return {};
  throw new Error(`the volume ${volume.name} is of a kind that the pod host cannot make`);
}

function projectedFiles(pod: Pod, source: ProjectedSource, sources: Sources): Readonly<Record<string, string>> {
  const { serviceAccountToken, configMap, secret, downwardAPI } = source;
  if (serviceAccountToken) return { [serviceAccountToken.path]: sources.token };
  if (configMap) return pick(found(sources.configMap(configMap.name), configMap.name, configMap), configMap.items);
  if (secret) return pick(found(sources.secret(secret.name), secret.name, secret), secret.items);
  const items = downwardAPI?.items ?? [];
  return Object.fromEntries(
    items.map(({ path, fieldRef }) => [path, fieldOf(pod, fieldRef?.fieldPath ?? 'metadata.name') ?? '']),
  );
}

function pick(
  values: Readonly<Record<string, string>>,
  items: readonly { readonly key: string; readonly path: string }[] | undefined,
): Readonly<Record<string, string>> {
  if (items === undefined) return values;
  return Object.fromEntries(items.flatMap(({ key, path }) => (key in values ? [[path, values[key] ?? '']] : [])));
}

/** Shell lines that make the mounts inside a mount namespace of the process's own. `folders` has what is mounted, by path. */
export function mountScript(folders: ReadonlyMap<string, string>, isThere: (path: string) => boolean): string {
  const lines = ['set -e', 'mount -t tmpfs pod /run'];
  const overlaid = new Set<string>();
  for (const [path, folder] of folders) {
    const top = `/${path.split('/')[1] ?? ''}`;
    const isRun = top === '/run' || path.startsWith('/var/run/');
    // A folder that is not there is made above an overlay, so that the machine keeps no trace of it.
    if (!isRun && !isThere(path) && !overlaid.has(top)) {
      overlaid.add(top);
      const work = `/run/overlay${top}`;
      lines.push(
        `mkdir -p ${work}/upper ${work}/work`,
        `mount -t overlay -o lowerdir=${top},upperdir=${work}/upper,workdir=${work}/work overlay ${top}`,
      );
    }
    lines.push(`mkdir -p '${path}'`, `mount --bind '${folder}' '${path}'`);
  }
  return [...lines, 'exec "$@"'].join('\n');
}
