// Flags of `do-ccm admission-server`; README, "Admission".
import { defineFlags, intFlag, loggingFlags, portOrZero, stringFlag } from '@longshore/k8s-runtime/process';
import { bindAddressProblem } from './admission-page.ts';

const group = 'Admission server';

/** `--bind-address`, `--port`, `--cert-dir`, and those of logging. */
export const admissionFlags = defineFlags({
  'bind-address': stringFlag({
    group,
    help: 'The IP address on which to listen. If blank or an unspecified address (0.0.0.0 or ::), all interfaces and IP address families will be used.',
    validate: bindAddressProblem,
  }),
  port: intFlag({ default: 9443, group, help: 'The port on which to serve HTTPS. 0 takes any.', validate: portOrZero }),
  'cert-dir': stringFlag({
    default: '/tmp/k8s-webhook-server/serving-certs',
    group,
    help: 'The directory with the serving certificate tls.crt, followed by its CA certificates if any, and its key tls.key. Changes of the files are noticed within a minute.',
  }),
  ...loggingFlags,
});
