// Finds what a link of an answer leads to, for `include`.
import type { SimRequest } from '../exchange.ts';
import { viewBgpSession } from './bgp-view.ts';
import { findFacility, findMetro, findOperatingSystem, findPlan } from './catalog.ts';
import { viewFacility, viewMetro, viewOperatingSystem, viewPlan } from './catalog-views.ts';
import { hrefOf, worldOf } from './context.ts';
import type { PacketContext } from './context.ts';
import { viewAssignment, viewDevice } from './device-view.ts';
import { viewHardware } from './hardware-view.ts';
import { viewReservation } from './ip-view.ts';
import { viewProject } from './project-view.ts';
import type { Resolve } from './shape.ts';
import { viewSshKey } from './ssh-keys.ts';
import { viewVlan } from './vlan-view.ts';
import { viewAttachment, viewVolume } from './volume-view.ts';
import { findAssigned } from './world-index.ts';
import type { World } from './world.ts';

type Find = (context: PacketContext, world: World, id: string) => object | undefined;

function shown<T>(found: T | undefined, view: (found: T) => object): object | undefined {
  return found === undefined ? undefined : view(found);
}

const FINDERS: Readonly<Record<string, Find>> = {
  '/projects': (context, world, id) => shown(world.projects.get(id), (one) => viewProject(context, world, one)),
  '/devices': (context, world, id) => shown(world.devices.get(id), (one) => viewDevice(context, one)),
  '/ssh-keys': (context, world, id) => shown(world.sshKeys.get(id), (one) => viewSshKey(context, one)),
  '/ips': (context, world, id) =>
    shown(world.reservations.get(id), (one) => viewReservation(context, world, one)) ??
    shown(findAssigned(world, id), ({ device, address }) => viewAssignment(context, device, address)),
  '/hardware-reservations': (context, world, id) =>
    shown(world.hardware.get(id), (one) => viewHardware(context, world, one)),
  '/virtual-networks': (context, world, id) => shown(world.vlans.get(id), (one) => viewVlan(context, world, one)),
  '/bgp/sessions': (context, world, id) => shown(world.bgpSessions.get(id), (one) => viewBgpSession(context, one)),
  '/storage': (context, world, id) => shown(world.volumes.get(id), (one) => viewVolume(context, world, one)),
  '/storage/attachments': (context, world, id) =>
    shown(world.attachments.get(id), (one) => viewAttachment(context, one)),
  '/facilities': (context, _world, id) => shown(findFacility(id), (one) => viewFacility(context, one)),
  '/locations/metros': (context, _world, id) => shown(findMetro(id), (one) => viewMetro(context, one)),
  '/plans': (context, _world, id) => shown(findPlan(id), (one) => viewPlan(context, one)),
  '/operating-systems': (context, _world, id) =>
    shown(findOperatingSystem(id), (one) => viewOperatingSystem(context, one)),
};

/** What finds the objects behind the links of answers to one request. */
export function resolverOf(context: PacketContext, request: SimRequest): Resolve {
  const world = worldOf(context, request);
  const prefix = hrefOf(context, '');
  return (href, name, holder) => {
    if (name === 'parent_block') return parentBlock(world, href, holder);
    const path = href.slice(prefix.length);
    const cut = path.lastIndexOf('/');
    return FINDERS[path.slice(0, cut)]?.(context, world, path.slice(cut + 1));
  };
}

// Of its parent an address shows four fields, not the whole block.
function parentBlock(world: World, href: string, holder: object): object | undefined {
  const id = 'id' in holder && typeof holder.id === 'string' ? holder.id : '';
  return shown(findAssigned(world, id), ({ address }) => ({ ...address.parent, href }));
}
