// Flags of the secure port, with the names and defaults of Kubernetes' components.
import { isIP } from 'node:net';
import {
  boolFlag,
  enumFlag,
  intFlag,
  portOrZero,
  repeatedFlag,
  stringFlag,
  stringListFlag,
} from '../process/flag-kinds.ts';
import { defineFlags } from '../process/flags.ts';
import type { FlagValues } from '../process/flags.ts';
import { cipherSuitesProblem, curvesProblem, parseSniPairs, tlsVersions } from './tls-settings.ts';

const group = 'Secure serving';
const debugging = 'Debugging';
const noHttp2 = 'the pages are served over HTTP/1.1 only';

/** `--bind-address`, `--secure-port`, `--tls-*` and what belongs to them. */
export const servingFlags = defineFlags({
  'bind-address': stringFlag({
    default: '0.0.0.0',
    group,
    help: 'The IP address on which to listen for the --secure-port port. If blank or an unspecified address (0.0.0.0 or ::), all interfaces and IP address families will be used.',
    validate: (address) => (address === '' || isIP(address) > 0 ? undefined : 'is not an IP address'),
  }),
  'secure-port': intFlag({
    default: 10258,
    group,
    help: "The port on which to serve HTTPS with authentication and authorization. If 0, don't serve HTTPS at all.",
    validate: portOrZero,
  }),
  'cert-dir': stringFlag({
    group,
    help: 'The directory where the TLS certs are located. If --tls-cert-file and --tls-private-key-file are provided, this flag will be ignored. If empty, a generated certificate lives in memory only.',
  }),
  'tls-cert-file': stringFlag({
    group,
    help: 'File containing the default x509 Certificate for HTTPS, followed by its CA certificates if any. Without it a self-signed certificate is generated. Changes of the file are noticed.',
  }),
  'tls-private-key-file': stringFlag({
    group,
    help: 'File containing the default x509 private key matching --tls-cert-file.',
  }),
  'tls-sni-cert-key': repeatedFlag({
    group,
    help: 'A pair of x509 certificate and private key file paths, optionally suffixed with a list of domain patterns, possibly with prefixed wildcard segments. Without patterns the names of the certificate count. Use the flag once for each pair: "foo.crt,foo.key:*.foo.com,foo.com".',
    validate: (pairs) =>
      pairs.every((pair) => parseSniPairs(pair)) ? undefined : 'is not certificate,key or certificate,key:name,name',
  }),
  'tls-cipher-suites': stringListFlag({
    group,
    help: "Comma-separated list of cipher suites for the server, by Go's names. If omitted, Node's defaults are used.",
    validate: cipherSuitesProblem,
  }),
  'tls-curve-preferences': stringListFlag({
    group,
    help: "Comma-separated list of numeric Go crypto/tls CurveID values, as the allowed key exchange mechanisms for the server. If omitted, Node's defaults are used.",
    validate: curvesProblem,
  }),
  'tls-min-version': enumFlag({
    default: '',
    values: ['', ...Object.keys(tlsVersions)],
    group,
    help: 'Minimum TLS version supported; TLS 1.2 if empty.',
  }),
  'disable-http2-serving': boolFlag({
    default: false,
    group,
    help: 'If true, HTTP2 serving will be disabled.',
    withoutEffect: noHttp2,
  }),
  'http2-max-streams-per-connection': intFlag({
    default: 0,
    group,
    help: 'The limit that the server gives to clients for the maximum number of streams in an HTTP/2 connection.',
    withoutEffect: noHttp2,
  }),
  'permit-port-sharing': boolFlag({
    default: false,
    group,
    help: 'If true, SO_REUSEPORT will be used when binding the port, which allows more than one instance to bind on the same address and port.',
  }),
  'permit-address-sharing': boolFlag({
    default: false,
    group,
    help: 'If true, SO_REUSEADDR will be used when binding the port.',
    withoutEffect: 'SO_REUSEADDR is always set here',
  }),
  profiling: boolFlag({
    default: true,
    group: debugging,
    help: 'Serve PUT /debug/flags/v on the secure port, which sets the log verbosity of the running program. There is no /debug/pprof/.',
  }),
  'contention-profiling': boolFlag({
    default: false,
    group: debugging,
    help: 'Enable block profiling, if profiling is enabled.',
    withoutEffect: 'there are no locks to profile in a single-threaded program',
  }),
});

/** Problems between the flags of serving. */
export function checkServingFlags(values: FlagValues<typeof servingFlags>): readonly string[] {
  const hasCert = values['tls-cert-file'] !== '';
  if (hasCert === (values['tls-private-key-file'] !== '')) return [];
  return ['--tls-cert-file and --tls-private-key-file must be given together'];
}
