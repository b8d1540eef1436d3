// Every setting of the program, with all its names of all times: the one table that config.ts reads by and the documentation is made
// from. Names with METAL are the later ones and win; a key of the file counts without regard to case and dashes.
import { EMLB_TOKEN_URL, EMLB_URL, PACKET_SETTINGS } from '@longshore/packet-api';
import type { SettingRow } from '@longshore/packet-api';

/** The table. Credentials, addresses and places are those that all Packet programs share. */
export const SETTINGS = {
  ...PACKET_SETTINGS,
  loadBalancer: {
    env: ['METAL_LOAD_BALANCER', 'METAL_LB', 'PACKET_LOAD_BALANCER'],
    keys: ['loadbalancer'],
    help: 'who announces the addresses of Services: empty://, kube-vip://, metallb:///…, emlb:///…',
    byDefault: 'no load balancers',
  },
  loadBalancerConfigMap: {
    env: ['PACKET_LB_CONFIGMAP'],
    keys: ['loadbalancer-configmap'],
    help: 'form of v2 of the same: <namespace>:<config map> of MetalLB, or disabled',
  },
  loadBalancerDisabled: {
    env: ['PACKET_DISABLE_LB'],
    keys: ['disableLB'],
    help: 'form of v1.1 of the same: true switches load balancers off',
  },
  localAsn: {
    env: ['METAL_LOCAL_ASN', 'PACKET_LOCAL_ASN'],
    keys: ['localASN'],
    help: 'ASN of the nodes; a project that has BGP already wins',
    byDefault: '65000',
  },
  peerAsn: {
    env: ['METAL_PEER_ASN', 'PACKET_PEER_ASN'],
    keys: ['peerASN'],
    help: 'ASN of the routers, where the API does not say',
    byDefault: '65530',
  },
  bgpPassword: {
    env: ['METAL_BGP_PASS', 'PACKET_BGP_PASS'],
    keys: ['bgpPass'],
    help: 'password of the BGP sessions; that of the project wins',
    isSecret: true,
  },
  bgpNodeSelector: {
    env: ['METAL_BGP_NODE_SELECTOR', 'PACKET_BGP_NODE_SELECTOR'],
    keys: ['bgpNodeSelector'],
    help: 'label selector of the nodes that get a BGP session',
    byDefault: 'all nodes',
  },
  bgpMaxPrefixes: {
    env: ['METAL_BGP_MAX_PREFIXES', 'PACKET_BGP_MAX_PREFIXES'],
    keys: ['bgpMaxPrefixes'],
    help: 'addresses that may be announced at once, per address family; 0 is no limit. Beyond the limit of the project its routers end all sessions',
    byDefault: 'the limit of the project, else 10',
  },
  eipSweep: {
    env: ['METAL_EIP_SWEEP', 'PACKET_EIP_SWEEP'],
    keys: ['eipSweep'],
    help: 'release elastic IPs of this cluster that no Service owns, and not only report them',
    byDefault: 'false',
  },
  annotationLocalAsn: {
    env: ['METAL_ANNOTATION_LOCAL_ASN', 'PACKET_ANNOTATION_LOCAL_ASN'],
    keys: ['annotationLocalASN'],
    help: 'annotation of nodes with their ASN',
    byDefault: 'metal.equinix.com/bgp-peers-{{n}}-node-asn',
  },
  annotationPeerAsn: {
    env: ['METAL_ANNOTATION_PEER_ASN', 'METAL_ANNOTATION_PEER_ASNS', 'PACKET_ANNOTATION_PEER_ASNS'],
    keys: ['annotationPeerASN', 'annotationPeerASNs'],
    help: 'annotation of nodes with the ASN of a peer',
    byDefault: 'metal.equinix.com/bgp-peers-{{n}}-peer-asn',
  },
  annotationPeerIp: {
    env: ['METAL_ANNOTATION_PEER_IP', 'METAL_ANNOTATION_PEER_IPS', 'PACKET_ANNOTATION_PEER_IPS'],
    keys: ['annotationPeerIP', 'annotationPeerIPs'],
    help: 'annotation of nodes with the address of a peer',
    byDefault: 'metal.equinix.com/bgp-peers-{{n}}-peer-ip',
  },
  annotationSourceIp: {
    env: ['METAL_ANNOTATION_SRC_IP', 'PACKET_ANNOTATION_SRC_IP'],
    keys: ['annotationSrcIP'],
    help: 'annotation of nodes with the address that sessions come from',
    byDefault: 'metal.equinix.com/bgp-peers-{{n}}-src-ip',
  },
  annotationBgpPassword: {
    env: ['METAL_ANNOTATION_BGP_PASS', 'PACKET_ANNOTATION_BGP_PASS'],
    keys: ['annotationBGPPass'],
    help: 'annotation of nodes with the password of the session, in base64',
    byDefault: 'metal.equinix.com/bgp-peers-{{n}}-bgp-pass',
  },
  annotationPrivateNetwork: {
    env: ['METAL_ANNOTATION_NETWORK_IPV4_PRIVATE', 'PACKET_ANNOTATION_NETWORK_IPV4_PRIVATE'],
    keys: ['annotationNetworkIPv4Private'],
    help: 'annotation of nodes with their private network',
    byDefault: 'metal.equinix.com/network-4-private',
  },
  annotationEipMetro: {
    env: ['METAL_ANNOTATION_EIP_METRO', 'PACKET_ANNOTATION_EIP_METRO'],
    keys: ['annotationEIPMetro'],
    help: 'annotation of Services with the metro of their address',
    byDefault: 'metal.equinix.com/eip-metro',
  },
  annotationEipFacility: {
    env: ['METAL_ANNOTATION_EIP_FACILITY', 'PACKET_ANNOTATION_EIP_FACILITY'],
    keys: ['annotationEIPFacility'],
    help: 'annotation of Services with the facility of their address',
    byDefault: 'metal.equinix.com/eip-facility',
  },
  eipTag: {
    env: ['METAL_EIP_TAG', 'PACKET_EIP_TAG'],
    keys: ['eipTag'],
    help: 'tag of the elastic IP that follows a healthy control plane',
    byDefault: 'off',
  },
  apiServerPort: {
    env: ['METAL_API_SERVER_PORT', 'PACKET_API_SERVER_PORT'],
    keys: ['apiServerPort'],
    help: 'port of the API server at the elastic IP; 0 is that of default/kubernetes',
    byDefault: '0',
  },
  eipHealthCheckUseHostIp: {
    env: ['METAL_EIP_HEALTH_CHECK_USE_HOST_IP', 'PACKET_EIP_HEALTH_CHECK_USE_HOST_IP'],
    keys: ['eipHealthCheckUseHostIP'],
    help: 'ask the node itself instead of the elastic IP whether its API server is well',
    byDefault: 'false',
  },
  eipHealthCheckFailures: {
    env: ['METAL_EIP_HEALTH_CHECK_FAILURES', 'PACKET_EIP_HEALTH_CHECK_FAILURES'],
    keys: ['eipHealthCheckFailures'],
    help: 'failed checks in a row, 10 s apart, after which the elastic IP of the control plane moves',
    byDefault: '3',
  },
  eipHealthCheckSkipVerify: {
    env: ['METAL_EIP_HEALTH_CHECK_SKIP_VERIFY', 'PACKET_EIP_HEALTH_CHECK_SKIP_VERIFY'],
    keys: ['eipHealthCheckSkipVerify'],
    help: 'do not check the certificate of the API server against the CA of the cluster',
    byDefault: 'false',
  },
  loadBalancerId: {
    env: ['METAL_LOAD_BALANCER_ID', 'PACKET_LOAD_BALANCER_ID'],
    keys: ['loadBalancerID'],
    help: 'Equinix Metal Load Balancer of the control plane',
    byDefault: 'off',
  },
  emlbUrl: {
    env: ['METAL_EMLB_URL', 'PACKET_EMLB_URL'],
    keys: ['emlb-url'],
    help: 'address of the load balancer service, for emlb:///…',
    byDefault: EMLB_URL,
  },
  emlbTokenUrl: {
    env: ['METAL_EMLB_TOKEN_URL', 'PACKET_EMLB_TOKEN_URL'],
    keys: ['emlb-token-url'],
    help: 'where the load balancer service exchanges the API key for an access token',
    byDefault: EMLB_TOKEN_URL,
  },
  addressFamilies: {
    env: ['METAL_ADDRESS_FAMILIES', 'PACKET_ADDRESS_FAMILIES'],
    keys: ['addressFamilies'],
    help: 'addresses on Nodes and their order: ipv4, ipv6, "ipv4,ipv6" or "ipv6,ipv4"',
    byDefault: 'ipv4',
  },
  regionLabel: {
    env: ['METAL_REGION_LABEL', 'PACKET_REGION_LABEL'],
    keys: ['regionLabel'],
    help: 'region of Nodes: metro (where there is none: facility), facility, or facility-id as v0.0.4 had it',
    byDefault: 'metro',
  },
  httpDebug: {
    env: ['PACKNGO_DEBUG'],
    keys: [],
    help: 'any value logs every call of the API',
  },
} as const satisfies Readonly<Record<string, SettingRow>>;

/** Names of settings. */
export type SettingName = keyof typeof SETTINGS;
