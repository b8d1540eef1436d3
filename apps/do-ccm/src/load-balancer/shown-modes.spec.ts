// Which way in-cluster traffic takes after a take-over, and after a change.
import { describe, expect, test } from '@jest/globals';
import type { LoadBalancerStatus } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { aService } from '../test-support/builders.ts';
import { keepShownModes } from './shown-modes.ts';

const wanted: LoadBalancerStatus = { ingress: [{ ip: '203.0.113.9', ipMode: 'Proxy' }] };
const vip = { ip: '203.0.113.9', ipMode: 'VIP' };
const showing = (ingress: readonly object[], annotations = {}): KubeService => ({
  ...aService({ annotations }),
  status: { loadBalancer: { ingress: [...ingress] as never } },
});
const modes = (service: KubeService, isChanged = false): readonly unknown[] =>
  keepShownModes(wanted, service, { isChanged }).ingress.map(({ ipMode }) => ipMode);

describe('keepShownModes', () => {
  test.each([
    { when: 'the Go program has published it', service: showing([vip]), is: ['VIP'] },
    { when: 'it was published without a mode', service: showing([{ ip: vip.ip }]), is: ['VIP'] },
    { when: 'it shows Proxy already', service: showing([{ ...vip, ipMode: 'Proxy' }]), is: ['Proxy'] },
    { when: 'nothing is shown yet', service: showing([]), is: ['Proxy'] },
    { when: 'another address is shown', service: showing([{ ...vip, ip: '203.0.113.8' }]), is: ['Proxy'] },
    { when: 'a host name is shown', service: showing([{ hostname: 'shop.example.com' }]), is: ['Proxy'] },
    { when: 'this program has made the balancer', service: showing([vip], { claim: 'uid lb-1' }), is: ['Proxy'] },
  ])('when $when', ({ service, is }) => {
    expect(modes(service)).toEqual(is);
  });

  test('when this program has changed the balancer, it is published as new', () => {
    expect(modes(showing([vip]), true)).toEqual(['Proxy']);
  });

  test('a host name instead of addresses is published as it is', () => {
    const status: LoadBalancerStatus = { ingress: [{ hostname: 'shop.example.com' }] };
    expect(keepShownModes(status, showing([{ hostname: 'shop.example.com' }]), { isChanged: false })).toBe(status);
  });
});
