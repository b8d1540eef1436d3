// The two files of the host that the Go program wrote at its first call: the machine's iSCSI name and multipath's settings. Written only
// when their content differs, with the former content kept beside; `--write-host-files=false` leaves them to others.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@longshore/reconciler-core';
import { readText } from './files.ts';
import type { HostPaths } from './host-paths.ts';

// As the Go program's, but for no_path_retry: with `queue` writes to a target that is gone hang for ever, and with them every unmount.
// Twelve polls of three seconds are what a failover of the storage takes.
const MULTIPATH_CONF = `# Written by csi-packet.
defaults {
  polling_interval 3
  fast_io_fail_tmo 5
  path_selector "round-robin 0"
  rr_min_io 100
  rr_weight "priorities"
  failback immediate
  no_path_retry 12
  user_friendly_names yes
}
blacklist {
  devnode "^(ram|raw|loop|fd|md|dm-|sr|scd|st)[0-9]*"
  devnode "^hd[a-z][[0-9]*]"
  devnode "^vd[a-z]"
  devnode "^cciss!c[0-9]d[0-9]*[p[0-9]*]"
  device {
    vendor "Micron"
    product ".*"
  }
  device {
    vendor "Intel"
    product ".*"
  }
  device {
    vendor "DELL"
    product ".*"
  }
}
devices {
  device {
    vendor "DATERA"
    product "IBLOCK"
    path_grouping_policy group_by_prio
    path_checker tur
    hardware_handler "1 alua"
  }
}
`;

/** Writes what differs. `initiator` is the iSCSI name that the metadata service tells; without one its file is left alone. */
export async function writeHostFiles(
  { initiatorName, multipathConf }: HostPaths,
  { initiator, log }: { readonly initiator: string | undefined; readonly log: Logger },
): Promise<void> {
  if (initiator !== undefined) await ensureText(initiatorName, `InitiatorName=${initiator}\n`, log);
  await ensureText(multipathConf, MULTIPATH_CONF, log);
}

async function ensureText(file: string, wanted: string, log: Logger): Promise<void> {
  const present = await readText(file);
  if (present === wanted) return;
  await mkdir(path.dirname(file), { recursive: true });
  if (present !== '') await writeFile(`${file}.before-csi-packet`, present, { mode: 0o600 });
  await writeFile(`${file}.new`, wanted, { mode: 0o644 });
  await rename(`${file}.new`, file);
  log.warn('a file of the host was written', {
    file,
    kept: present === '' ? 'there was none' : `${file}.before-csi-packet`,
  });
}
