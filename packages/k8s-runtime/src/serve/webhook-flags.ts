// Flags of the webhook port of Kubernetes' cloud controller manager library. It has no webhook of its own, and opens the port only for one:
// the flags are accepted so that manifests keep working.
import { boolFlag, intFlag, portOrZero, repeatedFlag, stringFlag, stringListFlag } from '../process/flag-kinds.ts';
import { defineFlags } from '../process/flags.ts';

const group = 'Webhooks';
const withoutEffect = 'no webhook is served by this program, and the port is not opened';

/** `--webhooks` and `--webhook-*`. */
export const webhookFlags = defineFlags({
  webhooks: stringListFlag({ group, withoutEffect, help: 'A list of webhooks to enable.' }),
  'webhook-bind-address': stringFlag({
    default: '0.0.0.0',
    group,
    withoutEffect,
    help: 'The IP address on which to listen for the --webhook-secure-port port.',
  }),
  'webhook-secure-port': intFlag({
    default: 10260,
    group,
    withoutEffect,
    validate: portOrZero,
    help: 'Secure port to serve cloud provider webhooks.',
  }),
  'webhook-cert-dir': stringFlag({ group, withoutEffect, help: 'The directory where the TLS certs are located.' }),
  'webhook-disable-http2-serving': boolFlag({ default: false, group, withoutEffect, help: 'Disables HTTP2 serving.' }),
  'webhook-tls-cert-file': stringFlag({ group, withoutEffect, help: 'File containing the x509 certificate.' }),
  'webhook-tls-private-key-file': stringFlag({ group, withoutEffect, help: 'File containing the x509 private key.' }),
  'webhook-tls-sni-cert-key': repeatedFlag({ group, withoutEffect, help: 'Pairs of certificate and key by name.' }),
  'webhook-tls-cipher-suites': stringListFlag({ group, withoutEffect, help: 'Cipher suites of the webhook server.' }),
  'webhook-tls-curve-preferences': stringListFlag({ group, withoutEffect, help: 'Curves of the webhook server.' }),
  'webhook-tls-min-version': stringFlag({ group, withoutEffect, help: 'Minimum TLS version of the webhook server.' }),
});
