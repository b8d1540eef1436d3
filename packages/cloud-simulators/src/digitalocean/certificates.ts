// Routes of certificates, and the renewal by Let's Encrypt: a new id under the same name, in the load balancers' rules too.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, notFound, single, unprocessable } from './answers.ts';
import { isoNow, PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { page } from './paging.ts';
import type { WireCertificate } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

interface CertificateBody {
  readonly name: string;
  readonly type?: 'custom' | 'lets_encrypt';
  readonly private_key?: string;
  readonly leaf_certificate?: string;
  readonly dns_names?: readonly string[];
}

/** The routes. */
export function certificateRoutes(context: DoContext): readonly DoRoute[] {
  const { store } = context;
  const certificateOf = (request: SimRequest) => worldOf(context, request).certificates.get(request.params['id'] ?? '');
  return [
    {
      method: 'GET',
      template: '/v2/certificates',
      scope: 'certificate:read',
      queryNames: [...PAGING, 'name'],
      answer: (request) => {
        const name = request.query.get('name');
        const all = [...worldOf(context, request).certificates.values()];
        const items = all.filter((certificate) => name === null || certificate.name === name);
        return page(request, context, { key: 'certificates', items });
      },
    },
    {
      method: 'POST',
      template: '/v2/certificates',
      scope: 'certificate:create',
      answer: (request) => create(context, request.body as CertificateBody),
    },
    {
      method: 'GET',
      template: '/v2/certificates/{id}',
      scope: 'certificate:read',
      answer: (request) => {
        const certificate = certificateOf(request);
        return certificate === undefined ? notFound : single(200, 'certificate', certificate);
      },
    },
    {
      method: 'DELETE',
      template: '/v2/certificates/{id}',
      scope: 'certificate:delete',
      answer: (request) => {
        const certificate = certificateOf(request);
        if (certificate === undefined) return notFound;
        store.commit({ certificates: withoutEntry(store.current.certificates, certificate.id) });
        return done;
      },
    },
  ];
}

/** Puts a certificate into the account. */
export function addCertificate(
  context: DoContext,
  wish: {
    readonly name: string;
    readonly type?: 'custom' | 'lets_encrypt';
    readonly state?: WireCertificate['state'];
    readonly dnsNames?: readonly string[];
  },
): WireCertificate {
  const { store, clock } = context;
  const certificate: WireCertificate = {
    id: store.newUuid(),
    name: wish.name,
    not_after: new Date(clock.nowMs() + YEAR_MS).toISOString(),
    sha1_fingerprint: 'dfcc9f57d86bf58e321c2c6c31c7a971be244ac7',
    created_at: isoNow(clock),
    dns_names: wish.dnsNames ?? ['www.example.com'],
    state: wish.state ?? 'verified',
    type: wish.type ?? 'custom',
  };
  store.commit({ certificates: withEntry(store.current.certificates, certificate.id, certificate) });
  return certificate;
}

/** Renews a certificate as Let's Encrypt does. */
export function rotateCertificate(context: DoContext, name: string): WireCertificate {
  const { store } = context;
  const old = [...store.current.certificates.values()].find((certificate) => certificate.name === name);
  if (old === undefined) throw new Error(`rotateCertificate: there is no certificate "${name}"`);
  const renewed: WireCertificate = { ...old, id: store.newUuid(), created_at: isoNow(context.clock) };
  const loadBalancers = [...store.current.loadBalancers].map(([id, record]) => {
    const rules = record.fields.forwarding_rules.map((rule) =>
      rule.certificate_id === old.id ? { ...rule, certificate_id: renewed.id } : rule,
    );
    return [id, { ...record, fields: { ...record.fields, forwarding_rules: rules } }] as const;
  });
  store.commit({
    certificates: new Map(withoutEntry(store.current.certificates, old.id)).set(renewed.id, renewed),
    loadBalancers: new Map(loadBalancers),
  });
  return renewed;
}

function create(context: DoContext, body: CertificateBody): SimAnswer {
  const { name, type = 'custom', dns_names: dnsNames = [] } = body;
  const problem = certificateProblem(body, context);
  if (problem !== undefined) return unprocessable(problem);
  const state = type === 'lets_encrypt' ? 'pending' : 'verified';
  const certificate = addCertificate(context, { name, type, state, dnsNames });
  if (state === 'pending') context.clock.after(context.settings.timeToIssueMs, () => verify(context, certificate.id));
  return single(201, 'certificate', certificate);
}

function certificateProblem(body: CertificateBody, { store }: DoContext): string | undefined {
  const { name, type = 'custom', dns_names: dnsNames = [] } = body;
  const isTaken = [...store.current.certificates.values()].some((other) => other.name === name);
  if (isTaken) return `certificate name "${name}" is in use`;
  if (type === 'lets_encrypt') return dnsNames.length === 0 ? 'dns_names is required' : undefined;
  const hasPems = body.private_key !== undefined && body.leaf_certificate !== undefined;
  return hasPems ? undefined : 'private_key and leaf_certificate are required';
}

function verify({ store }: DoContext, id: string): void {
  const certificate = store.current.certificates.get(id);
  if (certificate === undefined) return;
  store.commit({ certificates: withEntry(store.current.certificates, id, { ...certificate, state: 'verified' }) });
}
