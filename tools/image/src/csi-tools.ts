// The programs in the image of csi-packet beside the program itself: those of apps/csi-packet/src/node/host/command.ts, where all of its
// command lines are built, and those that an operator needs to look at a volume in the container. A spec compares the two.

/** Files of Debian packages, by the paths that the packages have. */
export interface ToolSet {
  /** With the libraries that they need. */
  readonly programs: readonly string[];
  /** Other names of them: path → target. */
  readonly links: Readonly<Record<string, string>>;
  /** Folders of libraries that a program loads by name. */
  readonly plugins: readonly string[];
  /** Read by programs as they are. */
  readonly files: readonly string[];
  /** Where all this and its libraries are, with the licences of what is taken: SPDX expressions. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What csi-packet's image adds. */
export const CSI_TOOLS: ToolSet = {
  programs: [
    '/sbin/iscsiadm',
    '/sbin/multipath',
    '/sbin/multipathd',
    '/sbin/dmsetup',
    '/lib/udev/scsi_id',
    // Enters the host's root, where the host's own iscsiadm and multipath are run.
    '/usr/sbin/chroot',
    '/sbin/blkid',
    '/sbin/blockdev',
    '/sbin/mke2fs',
    '/sbin/e2fsck',
    '/sbin/resize2fs',
    '/sbin/mkfs.xfs',
    '/sbin/xfs_repair',
    '/usr/sbin/xfs_growfs',
    '/sbin/fsck',
    '/bin/mount',
    '/bin/umount',
    '/bin/findmnt',
    '/bin/lsblk',
    '/bin/kmod',
  ],
  links: {
    '/sbin/mkfs.ext3': 'mke2fs',
    '/sbin/mkfs.ext4': 'mke2fs',
    '/sbin/fsck.ext3': 'e2fsck',
    '/sbin/fsck.ext4': 'e2fsck',
    '/sbin/modprobe': '/bin/kmod',
  },
  plugins: ['/lib/multipath'],
  // Without mke2fs.conf an ext4 would be made without a journal of its own and other features.
  files: ['/etc/mke2fs.conf', '/etc/iscsi/iscsid.conf'],
  packages: {
    coreutils: 'GPL-3.0-or-later',
    dmsetup: 'GPL-2.0-only',
    e2fsprogs: 'GPL-2.0-only',
    kmod: 'GPL-2.0-or-later',
    libaio1: 'LGPL-2.1-or-later',
    libblkid1: 'LGPL-2.1-or-later',
    libcap2: 'BSD-3-Clause OR GPL-2.0-only',
    'libcom-err2': 'MIT',
    'libdevmapper1.02.1': 'LGPL-2.1-only',
    libext2fs2: 'LGPL-2.0-only',
    libgcrypt20: 'LGPL-2.1-or-later',
    'libgpg-error0': 'LGPL-2.1-or-later',
    libinih1: 'BSD-3-Clause',
    libisns0: 'LGPL-2.1-or-later',
    libkmod2: 'LGPL-2.1-or-later',
    'liblz4-1': 'BSD-2-Clause',
    liblzma5: '0BSD',
    libmount1: 'LGPL-2.1-or-later',
    libopeniscsiusr: 'BSD-3-Clause',
    'libpcre2-8-0': 'BSD-3-Clause',
    libselinux1: 'LicenseRef-public-domain',
    libsmartcols1: 'LGPL-2.1-or-later',
    libssl3: 'Apache-2.0',
    libsystemd0: 'LGPL-2.1-or-later',
    libudev1: 'LGPL-2.1-or-later',
    liburcu8: 'LGPL-2.1-or-later',
    libuuid1: 'BSD-3-Clause',
    libzstd1: 'BSD-3-Clause OR GPL-2.0-only',
    mount: 'GPL-2.0-or-later',
    'multipath-tools': 'GPL-2.0-or-later AND LGPL-2.0-or-later',
    'open-iscsi': 'GPL-2.0-or-later',
    udev: 'LGPL-2.1-or-later AND GPL-2.0-or-later',
    'util-linux': 'GPL-2.0-or-later',
    xfsprogs: 'GPL-2.0-only',
  },
};
