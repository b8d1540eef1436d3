// Which error codes the sources use. Every quoted word in UPPER_SNAKE_CASE counts as one, unless it is known to be something else: so
// a code cannot be missed because it is passed on through a variable, and a new word has to be put on one of the two lists.

/** Words in upper snake case that are no error codes of ours: names and values of other people. */
const NOT_CODES: readonly string[] = [
  // environment variables
  'CLOUDSCALE_ACCESS_TOKEN',
  'CLOUDSCALE_ACCESS_TOKEN_FILE',
  'CLOUDSCALE_API_TIMEOUT',
  'CLOUDSCALE_API_URL',
  'CLOUDSCALE_CLUSTER_ID',
  'CSI_ENDPOINT',
  'DEBUG_ADDR',
  'DEFAULT_LB_TYPE',
  'DO_ACCESS_TOKEN',
  'DO_ACCESS_TOKEN_FILE',
  'DO_API_RATE_LIMIT_QPS',
  'DO_CLUSTER_ID',
  'DO_CLUSTER_VPC_ID',
  'DO_IP_ADDR_FAMILIES',
  'DO_METADATA_URL',
  'DO_OVERRIDE_URL',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'KUBEBUILDER_ASSETS',
  'KUBELET_EXTRA_ARGS',
  'KUBELET_KUBEADM_ARGS',
  'KUBERNETES_EXEC_INFO',
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'LONGSHORE_CACHE',
  'LONGSHORE_TEST_KEEP',
  'LONGSHORE_TEST_OWN_NETWORK',
  'LONGSHORE_ENVTEST_URL',
  'METAL_ADDRESS_FAMILIES',
  'METAL_ANNOTATION_BGP_PASS',
  'METAL_ANNOTATION_EIP_FACILITY',
  'METAL_ANNOTATION_EIP_METRO',
  'METAL_ANNOTATION_LOCAL_ASN',
  'METAL_ANNOTATION_NETWORK_IPV4_PRIVATE',
  'METAL_ANNOTATION_PEER_ASN',
  'METAL_ANNOTATION_PEER_ASNS',
  'METAL_ANNOTATION_PEER_IP',
  'METAL_ANNOTATION_PEER_IPS',
  'METAL_ANNOTATION_SRC_IP',
  'METAL_API_KEY',
  'METAL_API_SERVER_PORT',
  'METAL_API_URL',
  'METAL_BGP_MAX_PREFIXES',
  'METAL_BGP_NODE_SELECTOR',
  'METAL_BGP_PASS',
  'METAL_EIP_HEALTH_CHECK_FAILURES',
  'METAL_EIP_HEALTH_CHECK_SKIP_VERIFY',
  'METAL_EIP_HEALTH_CHECK_USE_HOST_IP',
  'METAL_EIP_SWEEP',
  'METAL_EIP_TAG',
  'METAL_EMLB_TOKEN_URL',
  'METAL_EMLB_URL',
  'METAL_FACILITY_ID',
  'METAL_FACILITY_NAME',
  'METAL_LB',
  'METAL_LOAD_BALANCER',
  'METAL_LOAD_BALANCER_ID',
  'METAL_LOCAL_ASN',
  'METAL_METADATA_URL',
  'METAL_METRO_NAME',
  'METAL_PEER_ASN',
  'METAL_PROJECT_ID',
  'METAL_REGION_LABEL',
  'METRICS_ADDR',
  'NO_PROXY',
  'PACKET_ADDRESS_FAMILIES',
  'PACKET_ANNOTATION_BGP_PASS',
  'PACKET_ANNOTATION_EIP_FACILITY',
  'PACKET_ANNOTATION_EIP_METRO',
  'PACKET_ANNOTATION_LOCAL_ASN',
  'PACKET_ANNOTATION_NETWORK_IPV4_PRIVATE',
  'PACKET_ANNOTATION_PEER_ASNS',
  'PACKET_ANNOTATION_PEER_IPS',
  'PACKET_ANNOTATION_SRC_IP',
  'PACKET_API_KEY',
  'PACKET_API_SERVER_PORT',
  'PACKET_API_URL',
  'PACKET_AUTH_TOKEN',
  'PACKET_BGP_MAX_PREFIXES',
  'PACKET_BGP_NODE_SELECTOR',
  'PACKET_BGP_PASS',
  'PACKET_DISABLE_LB',
  'PACKET_EIP_HEALTH_CHECK_FAILURES',
  'PACKET_EIP_HEALTH_CHECK_SKIP_VERIFY',
  'PACKET_EIP_HEALTH_CHECK_USE_HOST_IP',
  'PACKET_EIP_SWEEP',
  'PACKET_EIP_TAG',
  'PACKET_EMLB_TOKEN_URL',
  'PACKET_EMLB_URL',
  'PACKET_FACILITY_ID',
  'PACKET_FACILITY_NAME',
  'PACKET_LB_CONFIGMAP',
  'PACKET_LOAD_BALANCER',
  'PACKET_LOAD_BALANCER_ID',
  'PACKET_LOCAL_ASN',
  'PACKET_METADATA_URL',
  'PACKET_METRO_NAME',
  'PACKET_PEER_ASN',
  'PACKET_PROJECT_ID',
  'PACKET_REGION_LABEL',
  'PACKNGO_DEBUG',
  'PUBLIC_ACCESS_FIREWALL_NAME',
  'PUBLIC_ACCESS_FIREWALL_TAGS',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'XDG_CACHE_HOME',
  // environment of the cluster-api provider, of its clusterctl, its pods and its pod network
  'CLUSTERCTL_CONTROL_PLANE',
  'CLUSTERCTL_MANAGER',
  'CLUSTER_API_KUBECONFIG_READY_TIMEOUT',
  'CLUSTER_API_MACHINE_READY_TIMEOUT',
  'CLUSTER_NAME',
  'EVENT_QUEUE_DEPTH',
  'LONGSHORE_PROGRAM_FILE',
  'NODE_NAME',
  'POD_NAME',
  'POD_NAMESPACE',
  'SSH_KEY',
  'XDG_RUNTIME_DIR',
  'XDG_STATE_HOME',
  // capabilities of Linux
  'NET_ADMIN',
  'NET_RAW',
  // the mark at the end of files in user data
  'END_OF_FILE',
  // codes of Node, OpenSSL and undici
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EAI_AGAIN',
  'ERR_MODULE_NOT_FOUND',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
  'HPE_HEADER_OVERFLOW',
  'HPE_INVALID_CHUNK',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_INVALID_STATUS',
  'HPE_UNEXPECTED',
  'UND_ERR_SOCKET',
  // cipher suites
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  // codes of gRPC (csi-packet)
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'OUT_OF_RANGE',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  // a style of the yaml library
  'QUOTE_DOUBLE',
  // values of the DigitalOcean API
  'REGIONAL_NETWORK',
];

/** What the sources say about error codes. */
export interface CodesInUse {
  /** Sorted. */
  readonly codes: readonly string[];
  /** On the list above, but in no source any more. */
  readonly stale: readonly string[];
  /** Places where the code of an OperatorError is no quoted text: the list could miss it. */
  readonly computed: readonly string[];
}

/** Reads the texts of the sources, by their file names. */
export function codesInUse(sources: ReadonlyMap<string, string>): CodesInUse {
  const texts = [...sources.values()];
  const words = new Set(texts.flatMap((text) => matches(text, /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)));
  // A code of one word is only known by its place.
  const placed = texts.flatMap((text) => matches(text, /(?:OperatorError|super)\(\s*'([A-Z][A-Z0-9_]*)'/g));
  const notCodes = new Set(NOT_CODES);
  const codes = new Set([...words, ...placed].filter((word) => !notCodes.has(word)));
  return {
    codes: [...codes].sort(),
    stale: NOT_CODES.filter((word) => !words.has(word)),
    computed: [...sources].flatMap(([file, text]) =>
      matches(text, /new OperatorError\(\s*([^\s'][^\n,]*)/g).map((argument) => `${file}: ${argument}`),
    ),
  };
}

/** Codes in the tables of docs/errors.md, in their order. */
export function codesListed(document: string): readonly string[] {
  return matches(document, /^\| `([A-Z0-9_]+)` \|/gm);
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}
