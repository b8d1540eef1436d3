// A program that boots a machine and says in which network namespace it is, and then waits to be killed.
import { bootPacket } from '../boot/boot-packet.ts';

const site = await bootPacket();
const { id } = site.simulator.addDevice({ hostname: 'left-behind', userdata: '#!/bin/sh\nsleep 1000 &\nsleep 1000\n' });
await site.sync();
const output = await site.machines.get(id)?.run(['readlink', '/proc/self/ns/net']);
process.stdout.write(output?.stdout ?? '');
