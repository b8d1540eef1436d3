// The first lines of every program, in syntax that a Node of 2019 understands: an old Node gets one clear line, not a stack trace of minified code.
// Then V8's limits, before anything is loaded: a small young generation and code optimized for size keep the peak of a big first
// list low (docs/decisions/0006-heap-limits-at-the-entry.md has the figures).
import process from 'process';
import v8 from 'v8';

var version = process.versions.node.split('.').map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 19)) {
  process.stderr.write(
    'PROGRAM_NAME needs Node 22.19 or newer, 24 is best; this is Node ' + process.versions.node + '\n',
  );
  process.exit(2);
} else {
  v8.setFlagsFromString('--max-semi-space-size=2');
  v8.setFlagsFromString('--optimize-for-size');
  import('./program.js');
}
