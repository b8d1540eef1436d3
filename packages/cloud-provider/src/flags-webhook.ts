// Flags of the webhook server of k8s.io/cloud-provider. Existing manifests give them; no webhook exists in the library, here as there,
// so the port is never opened.
import { boolFlag, defineFlags, intFlag, portOrZero, stringFlag, stringListFlag } from '@longshore/k8s-runtime/process';

const group = 'Webhook serving';
const withoutEffect = 'no webhook is enabled, so this port is not opened';

/** `--webhooks` and `--webhook-*`. */
export const webhookFlags = defineFlags({
  webhooks: stringListFlag({ group, help: 'A list of webhooks to enable.', withoutEffect: 'there are no webhooks' }),
  'webhook-bind-address': stringFlag({
    default: '0.0.0.0',
    group,
    help: 'The IP address on which to listen for the --webhook-secure-port port.',
    withoutEffect,
  }),
  'webhook-secure-port': intFlag({
    default: 10260,
    group,
    help: 'Secure port to serve cloud provider webhooks. 0: none.',
    validate: portOrZero,
    withoutEffect,
  }),
  'webhook-cert-dir': stringFlag({ group, help: 'The directory where the TLS certs are located.', withoutEffect }),
  'webhook-tls-cert-file': stringFlag({ group, help: 'File with the x509 certificate for HTTPS.', withoutEffect }),
  'webhook-tls-private-key-file': stringFlag({ group, help: 'File with the private key of it.', withoutEffect }),
  'webhook-tls-cipher-suites': stringListFlag({ group, help: 'Cipher suites for the server.', withoutEffect }),
  'webhook-tls-min-version': stringFlag({ group, help: 'Minimum TLS version supported.', withoutEffect }),
  'webhook-tls-sni-cert-key': stringListFlag({ group, help: 'Pairs of certificate and key files.', withoutEffect }),
  'webhook-tls-curve-preferences': stringListFlag({ group, help: 'Key exchange mechanisms.', withoutEffect }),
  'webhook-disable-http2-serving': boolFlag({
    default: false,
    group,
    help: 'Serve webhooks over HTTP/1.1 only.',
    withoutEffect,
  }),
  'webhook-http2-max-streams-per-connection': intFlag({
    default: 0,
    group,
    help: 'Limit of streams in an HTTP/2 connection.',
    withoutEffect,
  }),
  'webhook-permit-address-sharing': boolFlag({
    default: false,
    group,
    help: 'SO_REUSEADDR for the webhook port.',
    withoutEffect,
  }),
  'webhook-permit-port-sharing': boolFlag({
    default: false,
    group,
    help: 'SO_REUSEPORT for the webhook port.',
    withoutEffect,
  }),
});
