// Flags of delegated authentication and authorization on the secure port, with the names and defaults of Kubernetes' components.
import { boolFlag, durationFlag, stringFlag, stringListFlag } from '../process/flag-kinds.ts';
import { defineFlags } from '../process/flags.ts';

const authentication = 'Authentication';
const authorization = 'Authorization';
const optional =
  'This is optional. If empty, all token requests are considered to be anonymous and no client CA is looked up in the cluster, unless the program runs in a cluster.';

/** `--authentication-*`, `--client-ca-file`, `--requestheader-*`. */
export const authenticationFlags = defineFlags({
  'authentication-kubeconfig': stringFlag({
    group: authentication,
    help: `kubeconfig file pointing at the 'core' kubernetes server with enough rights to create tokenreviews.authentication.k8s.io. ${optional}`,
  }),
  'authentication-skip-lookup': boolFlag({
    default: false,
    group: authentication,
    help: 'If false, the authentication-kubeconfig will be used to lookup missing authentication configuration from the cluster.',
  }),
  'authentication-token-webhook-cache-ttl': durationFlag({
    default: '10s',
    group: authentication,
    help: 'The duration to cache responses from the webhook token authenticator.',
  }),
  'authentication-tolerate-lookup-failure': boolFlag({
    default: false,
    group: authentication,
    help: 'If true, failures to look up missing authentication configuration from the cluster are not considered fatal. Note that this can result in authentication that treats all requests as anonymous.',
  }),
  'client-ca-file': stringFlag({
    group: authentication,
    help: 'If set, any request presenting a client certificate signed by one of the authorities in the client-ca-file is authenticated with an identity corresponding to the CommonName of the client certificate.',
  }),
  'requestheader-client-ca-file': stringFlag({
    group: authentication,
    help: 'Root certificate bundle to use to verify client certificates on incoming requests before trusting usernames in headers specified by --requestheader-username-headers.',
  }),
  'requestheader-allowed-names': stringListFlag({
    group: authentication,
    help: 'List of client certificate common names to allow to provide usernames in headers specified by --requestheader-username-headers. If empty, any client certificate validated by the authorities in --requestheader-client-ca-file is allowed.',
  }),
  'requestheader-username-headers': stringListFlag({
    default: ['x-remote-user'],
    group: authentication,
    help: 'List of request headers to inspect for usernames.',
  }),
  'requestheader-uid-headers': stringListFlag({
    group: authentication,
    help: 'List of request headers to inspect for UIDs. X-Remote-Uid is suggested.',
  }),
  'requestheader-group-headers': stringListFlag({
    default: ['x-remote-group'],
    group: authentication,
    help: 'List of request headers to inspect for groups.',
  }),
  'requestheader-extra-headers-prefix': stringListFlag({
    default: ['x-remote-extra-'],
    group: authentication,
    help: 'List of request header prefixes to inspect.',
  }),
});

/** `--authorization-*`. */
export const authorizationFlags = defineFlags({
  'authorization-kubeconfig': stringFlag({
    group: authorization,
    help: "kubeconfig file pointing at the 'core' kubernetes server with enough rights to create subjectaccessreviews.authorization.k8s.io. This is optional. If empty, all requests not skipped by authorization are forbidden, unless the program runs in a cluster.",
  }),
  'authorization-always-allow-paths': stringListFlag({
    default: ['/healthz', '/readyz', '/livez'],
    group: authorization,
    help: "A list of HTTP paths to skip during authorization, i.e. these are authorized without contacting the 'core' kubernetes server. A path that ends in * stands for all that start so.",
  }),
  'authorization-webhook-cache-authorized-ttl': durationFlag({
    default: '10s',
    group: authorization,
    help: "The duration to cache 'authorized' responses from the webhook authorizer.",
  }),
  'authorization-webhook-cache-unauthorized-ttl': durationFlag({
    default: '10s',
    group: authorization,
    help: "The duration to cache 'unauthorized' responses from the webhook authorizer.",
  }),
});
