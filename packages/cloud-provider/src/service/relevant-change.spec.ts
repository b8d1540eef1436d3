import { describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { aService } from '../testing/a-service.ts';
import type { ServiceTraits } from '../testing/a-service.ts';
import { isRelevantUpdate, relevantFingerprint } from './relevant-change.ts';

const port = { name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080, targetPort: 8080 };
const base: ServiceTraits = {
  annotations: { 'example.com/a': '1' },
  labels: { app: 'web' },
  hasFinalizer: true,
  spec: {
    ports: [port],
    externalIPs: ['198.51.100.1', '198.51.100.2'],
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
  },
};

function changed(spec: Partial<NonNullable<KubeService['spec']>>): KubeService {
  return aService({ ...base, spec: { ...base.spec, ...spec } });
}

describe('isRelevantUpdate', () => {
  const before = aService(base);

  test.each([
    ['port', changed({ ports: [{ ...port, port: 81 }] })],
    ['nodePort', changed({ ports: [{ ...port, nodePort: 30_081 }] })],
    ['targetPort', changed({ ports: [{ ...port, targetPort: 'web' }] })],
    ['protocol', changed({ ports: [{ ...port, protocol: 'UDP' }] })],
    ['port name', changed({ ports: [{ ...port, name: 'web' }] })],
    ['appProtocol', changed({ ports: [{ ...port, appProtocol: 'https' }] })],
    ['number of ports', changed({ ports: [port, { ...port, name: 'tls', port: 443 }] })],
    ['sessionAffinity', changed({ sessionAffinity: 'ClientIP' })],
    ['affinity timeout', changed({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })],
    ['loadBalancerIP', changed({ loadBalancerIP: '203.0.113.7' })],
    ['loadBalancerSourceRanges', changed({ loadBalancerSourceRanges: ['10.0.0.0/8'] })],
    ['order of externalIPs', changed({ externalIPs: ['198.51.100.2', '198.51.100.1'] })],
    ['externalTrafficPolicy', changed({ externalTrafficPolicy: 'Local' })],
    ['healthCheckNodePort', changed({ healthCheckNodePort: 31_000 })],
    ['a second ipFamily', changed({ ipFamilies: ['IPv4', 'IPv6'] })],
    ['a foreign annotation', aService({ ...base, annotations: { 'example.com/a': '1', 'other.io/b': '' } })],
    ['an annotation value', aService({ ...base, annotations: { 'example.com/a': '2' } })],
    ['the UID', aService({ ...base, uid: 'another' })],
    ['the type', aService({ ...base, type: 'ClusterIP', hasFinalizer: false })],
  ])('row S14 a change of %s brings the Service back', (_what, after) => {
    expect(isRelevantUpdate(before, after)).toBe(true);
  });

  test.each([
    ['labels', aService({ ...base, labels: { app: 'shop' } })],
    ['selector', changed({ selector: { app: 'shop' } })],
    ['internalTrafficPolicy', changed({ internalTrafficPolicy: 'Local' })],
    ['publishNotReadyAddresses', changed({ publishNotReadyAddresses: true })],
    ['allocateLoadBalancerNodePorts', changed({ allocateLoadBalancerNodePorts: false })],
    ['trafficDistribution', changed({ trafficDistribution: 'PreferClose' })],
    ['the order of annotations', aService(base)],
    ['status', aService({ ...base, ingress: [{ ip: '203.0.113.9' }] })],
  ])('row S15 a change of %s does not', (_what, after) => {
    expect(isRelevantUpdate(before, after)).toBe(false);
  });

  test('the order of annotations does not count', () => {
    const one = aService({ annotations: { a: '1', b: '2' } });
    const other = aService({ annotations: { b: '2', a: '1' } });
    expect(relevantFingerprint(one)).toBe(relevantFingerprint(other));
  });

  test('every update of a Service that is leaving counts, and so does the loss of the finalizer', () => {
    const leaving = aService({ ...base, isBeingDeleted: true });
    expect(isRelevantUpdate(leaving, leaving)).toBe(true);
    expect(isRelevantUpdate(before, aService({ ...base, hasFinalizer: false }))).toBe(true);
  });

  test('row S3 a Service with a class is of no interest, whatever changes', () => {
    const classed = (name: string): KubeService =>
      aService({ spec: { loadBalancerClass: 'x/y', externalName: name }, annotations: { name } });
    expect(isRelevantUpdate(classed('a'), classed('b'))).toBe(false);
  });
});
