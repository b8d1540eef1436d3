// The first file of every bundled program. Written in ES2018 without static imports, because its first job is to run on a Node that is too
// old for everything else: it then says so in one line and exits 2 instead of failing somewhere in minified code.
// The build copies it as the bundle's main.js and replaces __PROGRAM__ by the program's name, __CHUNK__ by the file to load, __BUILTINS__ by
// the modules of Node that the program imports and __V8_FLAGS__ by what the program wants of V8 beyond what all want.
(function () {
  var oldest = [22, 19];
  var have = process.versions.node.split('.').map(Number);
  if (have[0] < oldest[0] || (have[0] === oldest[0] && have[1] < oldest[1])) {
    process.stderr.write(
      '__PROGRAM__: needs Node.js ' + oldest.join('.') + ' or newer, this is ' + process.versions.node + '\n',
    );
    process.exit(2);
  }
  // A young generation that does not grow and a heap that may grow by a third between collections: half the peak of a burst of large lists
  // (271 -> 126 MiB for 5,000 nodes of 10 KB; without growth 111, for a tenth more CPU). Limits of semi-spaces have no effect any more when
  // the heap is there. It is small, so helper threads of the collector cost more than they give; code that runs once is not compiled twice,
  // and the optimizing compiler costs 7 MiB for code that seldom gets hot.
  var own = process.env.LONGSHORE_V8_FLAGS;
  set(own === undefined ? '--single-threaded-gc' : own);
  // The binary brings its modules compiled, for V8's default flags only: they are loaded before the flags that make this code unfit (25 ms
  // of a start).
  '__BUILTINS__'.split(' ').forEach(function (name) {
    process.getBuiltinModule(name);
  });
  if (own === undefined) {
    set('--semi-space-growth-factor=1 --heap-growing-percent=30 --no-sparkplug --no-opt --max-lazy __V8_FLAGS__');
  }
  // The build fills this folder, so that V8 need not compile the program again (30 ms and 2 MiB of a start). Another Node, another path or a
  // folder that cannot be written to only mean that it does.
  var path = process.getBuiltinModule('node:path');
  var cache = path.join(path.dirname(process.argv[1]), 'compile-cache');
  if (process.getBuiltinModule('node:fs').existsSync(cache)) {
    process.getBuiltinModule('node:module').enableCompileCache(cache);
  }
  import('./__CHUNK__').catch(function (error) {
    process.stderr.write('__PROGRAM__: cannot start: ' + (error && error.message ? error.message : error) + '\n');
    process.exit(1);
  });

  function set(flags) {
    var v8 = process.getBuiltinModule('node:v8');
    flags.split(' ').forEach(function (flag) {
      if (flag) v8.setFlagsFromString(flag);
    });
  }
})();
