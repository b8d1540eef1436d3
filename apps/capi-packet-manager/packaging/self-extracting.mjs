// Text of the files that start a program: a POSIX shell script that carries the program (and Node, where one was at hand) behind itself, and
// a .cmd for Windows. Pure. What is carried is unpacked once into a folder of the user's, under names that say its hash: nothing stale is
// ever run, and manager and clusterctl share one Node.

const OLDEST_NODE = [22, 19];

/** Ends a header; what follows are the payloads. */
const LAST_LINE = 'exit 1\n';

const nodeFromPath = (program) => `node=$(command -v node) || {
  echo "${program}: needs Node.js ${OLDEST_NODE.join('.')} or newer, which is not in PATH" >&2
  exit 2
}
"$node" -e '${versionCheck(program)}' || exit 2
`;

function versionCheck(program) {
  const [major, minor] = OLDEST_NODE;
  return (
    `var v=process.versions.node.split(".").map(Number);` +
    `if(v[0]<${major}||(v[0]===${major}&&v[1]<${minor})){` +
    `console.error("${program}: needs Node.js ${OLDEST_NODE.join('.')} or newer, this is "+process.versions.node);process.exit(1)}`
  );
}

/**
 * The shell script before the payloads, which are gzip archives of one file each, in the order in which they follow. `role` of a payload:
 * `program`, `node`, or the name of the variable by which the program finds the file.
 */
export function shellHeader({ program, v8Flags, payloads }) {
  const fileOf = (role) => payloads.find((payload) => payload.role === role)?.name;
  const hasNode = fileOf('node') !== undefined;
  // The header says how long it is: its length is found by writing it with a number of as many digits.
  const write = (length) => `#!/bin/sh
# ${program}: one file that unpacks itself at its first start. The rest of it is not text.
set -e
self=$0
case $self in
  */*) ;;
  *) self=$(command -v -- "$0") ;;
esac
home=\${LONGSHORE_CACHE:-\${XDG_CACHE_HOME:-\${HOME:-/tmp/longshore-$(id -u)}/.cache}/longshore}/programs
unpack() { # name, first byte, bytes, mode
  [ -s "$home/$1" ] && return
  mkdir -p "$home"
  chmod 700 "$home"
  part=$home/.$1.$$
  trap 'rm -f "$part"' EXIT
  tail -c "+$2" "$self" | head -c "$3" | gzip -dc > "$part"
  chmod "$4" "$part"
  mv -f "$part" "$home/$1"
}
${unpackLines(payloads, length)}
${hasNode ? `node=$home/${fileOf('node')}\n` : nodeFromPath(program)}LONGSHORE_PROGRAM_FILE=$self
export LONGSHORE_PROGRAM_FILE
exec "$node" ${v8Flags.join(' ')} "$home/${fileOf('program')}" "$@"
${LAST_LINE}`;
  let length = 0;
  for (let round = 0; round < 10; round += 1) {
    const text = write(length);
    if (Buffer.byteLength(text) === length) return text;
    length = Buffer.byteLength(text);
  }
  throw new Error(`the header of ${program} does not settle`);
}

function unpackLines(payloads, headerLength) {
  let begin = headerLength + 1;
  const lines = payloads.flatMap(({ role, name, size }) => {
    const line = `unpack ${name} ${begin} ${size} ${role === 'node' ? 700 : 600}`;
    begin += size;
    const isFound = role === 'program' || role === 'node';
    return isFound ? [line] : [line, `export ${role}="\${${role}:-$home/${name}}"`];
  });
  return lines.join('\n');
}

/** Starts the script that lies beside it. */
export function windowsLauncher({ program, file, v8Flags }) {
  const lines = [
    '@echo off',
    `rem ${program}: starts the script beside this file with the Node.js in PATH.`,
    'where node >nul 2>nul',
    `if errorlevel 1 (echo ${program}: needs Node.js ${OLDEST_NODE.join('.')} or newer, which is not in PATH 1>&2& exit /b 2)`,
    `node -e "${versionCheck(program).replaceAll('"', "'")}"`,
    'if errorlevel 1 exit /b 2',
    `node ${v8Flags.join(' ')} "%~dp0${file}" %*`,
    'exit /b %errorlevel%',
  ];
  return lines.join('\r\n') + '\r\n';
}
