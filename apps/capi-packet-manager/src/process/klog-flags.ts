// The flags of klog that the Go managers took besides -v and -vmodule. Manifests and scripts give them, so they are accepted.
import { boolFlag, defineFlags, intFlag, stringFlag } from '@longshore/k8s-runtime/process';

const group = 'Logging';
const withoutEffect = 'every line is written at once to standard error';
const file = 'Write log files.';

/** Accepted, without effect. */
export const klogFlags = defineFlags({
  logtostderr: boolFlag({ default: true, group, help: 'Log to standard error.', withoutEffect }),
  alsologtostderr: boolFlag({ default: false, group, help: 'Log to standard error too.', withoutEffect }),
  stderrthreshold: stringFlag({
    default: '2',
    group,
    help: 'Log from this severity on to standard error.',
    withoutEffect,
  }),
  'log-dir': stringFlag({ group, help: file, withoutEffect }),
  'log-file': stringFlag({ group, help: file, withoutEffect }),
  'log-file-max-size': intFlag({ default: 1800, group, help: file, withoutEffect }),
  'log-backtrace-at': stringFlag({ default: ':0', group, help: 'Stack traces at a place.', withoutEffect }),
  'add-dir-header': boolFlag({ default: false, group, help: 'Folders in log headers.', withoutEffect }),
  'skip-headers': boolFlag({ default: false, group, help: 'No log headers.', withoutEffect }),
  'skip-log-headers': boolFlag({ default: false, group, help: 'No headers in log files.', withoutEffect }),
  'one-output': boolFlag({ default: false, group, help: 'Each line into one file.', withoutEffect }),
});
