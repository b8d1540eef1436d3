// Who announces the addresses of Services: the setting METAL_LOAD_BALANCER, `<type>:///<detail>`. Pure. The Go programs logged an
// unknown type and went on without a back end, or panicked; here both are a problem at the start.
import { isBad, parseGoBool } from '../config-values.ts';
import type { Bad, Parse } from '../config-values.ts';

/** A back end. */
export type Backend =
  /** No load balancers at all. */
  | { readonly kind: 'off' }
  /** BGP, annotations and an elastic IP on the Service; somebody else announces it. */
  | { readonly kind: 'empty' }
  /** The same; kube-vip reads the annotations. */
  | { readonly kind: 'kube-vip' }
  | { readonly kind: 'metallb-config-map'; readonly namespace: string; readonly configMap: string }
  | { readonly kind: 'metallb-resources'; readonly namespace: string }
  /** The Equinix Metal Load Balancer of a metro: no BGP, no elastic IP. */
  | { readonly kind: 'emlb'; readonly metro: string };

const DEFAULT_NAMESPACE = 'metallb-system';
const DEFAULT_CONFIG_MAP = 'config';
// The metros that the service had.
const EMLB_METROS: ReadonlySet<string> = new Set(['da', 'ny', 'sv']);
const FORMS =
  'empty://, kube-vip://, metallb:///<namespace>/<config map>, metallb:///<namespace>?crdConfiguration=true, or emlb:///<metro>';

interface Parts {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** The setting's text to a back end. */
export const parseBackend: Parse<Backend> = (text) => {
  const [, type = '', path = '', search = ''] = /^([a-z-]+):\/\/(\/?[^?]*)(\?.*)?$/i.exec(text) ?? [];
  const make = BACKENDS[type.toLowerCase()];
  if (make === undefined) return { use: FORMS };
  return make({ segments: path.split('/').filter(Boolean), query: new URLSearchParams(search) });
};

/** PACKET_LB_CONFIGMAP of v2: `<namespace>:<name>`, or `disabled`. */
export const parseConfigMapName: Parse<Backend> = (text) => {
  if (text === 'disabled') return { kind: 'off' };
  const [namespace, configMap, ...more] = text.split(':');
  const isFine = isName(namespace) && isName(configMap) && more.length === 0;
  return isFine
    ? { kind: 'metallb-config-map', namespace, configMap }
    : { use: '<namespace>:<config map>, or disabled' };
};

const BACKENDS: Readonly<Record<string, (parts: Parts) => Backend | Bad>> = {
  empty: (parts) => withoutDetail({ kind: 'empty' }, parts),
  'kube-vip': (parts) => withoutDetail({ kind: 'kube-vip' }, parts),
  // As v3.0.0 had it.
  'kuve-vip': (parts) => withoutDetail({ kind: 'kube-vip' }, parts),
  metallb: parseMetalLb,
  emlb: parseEmlb,
};

function withoutDetail(backend: Backend, { segments, query }: Parts): Backend | Bad {
  return segments.length === 0 && query.size === 0 ? backend : { use: `${backend.kind}:// with nothing behind it` };
}

function parseMetalLb({ segments, query }: Parts): Backend | Bad {
  const [namespace = DEFAULT_NAMESPACE, configMap, ...more] = segments;
  const usesResources = parseGoBool(query.get('crdConfiguration') ?? 'false');
  if (isBad(usesResources)) return { use: 'crdConfiguration=true or crdConfiguration=false' };
  const isUnderstood = [...query.keys()].every((name) => name === 'crdConfiguration') && more.length === 0;
  if (!isUnderstood || !isName(namespace)) return { use: FORMS };
  return usesResources ? ofResources(namespace, configMap) : ofConfigMap(namespace, configMap ?? DEFAULT_CONFIG_MAP);
}

function ofResources(namespace: string, configMap: string | undefined): Backend | Bad {
  if (configMap === undefined) return { kind: 'metallb-resources', namespace };
  return { use: 'metallb:///<namespace>?crdConfiguration=true: custom resources have no config map' };
}

function ofConfigMap(namespace: string, configMap: string): Backend | Bad {
  return isName(configMap) ? { kind: 'metallb-config-map', namespace, configMap } : { use: FORMS };
}

function parseEmlb({ segments, query }: Parts): Backend | Bad {
  const [metro = '', ...more] = segments;
  const isFine = EMLB_METROS.has(metro.toLowerCase()) && more.length === 0 && query.size === 0;
  return isFine ? { kind: 'emlb', metro: metro.toLowerCase() } : { use: 'emlb:///da, emlb:///ny or emlb:///sv' };
}

function isName(text: string | undefined): text is string {
  return text !== undefined && /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text);
}
