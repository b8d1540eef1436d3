// Flags of the node side alone.
import { boolFlag, defineFlags, enumFlag, intFlag, stringFlag } from '@longshore/k8s-runtime/process';

const group = 'Node';

/** The flags. */
export const nodeFlags = defineFlags({
  'host-root': stringFlag({
    default: '/',
    group,
    help: "Where the host's root folder is mounted: its /dev and /etc are used there.",
    validate: (text) => (text.startsWith('/') ? undefined : 'is no absolute path'),
  }),
  'host-programs': enumFlag({
    default: 'auto',
    values: ['auto', 'chroot', 'direct'],
    group,
    help: "How iscsiadm, multipath and scsi_id are run: chroot: the host's own, in --host-root; direct: as they are found here; auto: chroot unless --host-root is /.",
  }),
  'state-dir': stringFlag({
    group,
    help: 'Folder of the host for what is known of staged volumes. Default: /var/lib/kubelet/plugins/<driver name>/volumes.',
  }),
  'write-host-files': boolFlag({
    default: true,
    group,
    help: "Write the machine's iSCSI name and /etc/multipath.conf to the host when they differ; the former content is kept beside.",
  }),
  'device-timeout': intFlag({
    default: 20,
    group,
    help: 'Seconds that a disk may take to appear after the login, or to show its new size.',
    validate: (value) => (value >= 1 ? undefined : 'must be 1 or more'),
  }),
  'reap-orphans': enumFlag({
    default: 'on',
    values: ['on', 'report', 'off'],
    group,
    help: 'What becomes of iSCSI sessions over our interface that no staged volume needs: ended, only reported, or left alone.',
  }),
});
