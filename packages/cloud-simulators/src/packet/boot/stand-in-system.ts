// The stand-ins of programs that would change the host, or that wait for a network that simulated machines do not have.

/** `systemctl`: starts and stops the stand-ins of containerd and kubelet; other units are only remembered. */
export const SYSTEMCTL = String.raw`#!/bin/sh
# Stand-in of systemctl on a simulated machine.
run=/run/longshore
state=/var/lib/longshore
mkdir -p $run/wanted $run/active $run/restart $state/enabled

is_ours() { [ "$1" = containerd ] || [ "$1" = kubelet ]; }
is_known() { for d in /etc /usr/lib /lib /run; do [ -e "$d/systemd/system/$1.service" ] && return 0; done; return 1; }
is_active() { [ -e "$run/active/$1" ]; }

services() {
  if [ -e $run/pid ] && kill -0 "$(cat $run/pid)" 2>/dev/null; then return; fi
  /usr/local/lib/longshore/services < /dev/null >> /var/log/longshore-services.log 2>&1 &
  echo $! > $run/pid
}

until_it() { # there|gone unit
  tries=300
  while [ $tries -gt 0 ]; do
    if is_active "$2"; then now=there; else now=gone; fi
    [ $now = "$1" ] && return 0
    tries=$((tries - 1)); sleep 0.1
  done
  echo "Job for $2.service failed, see /var/log/longshore-services.log" >&2
  return 1
}

start() {
  if is_ours "$1"; then
    is_known "$1" || { echo "Failed to start $1.service: Unit $1.service not found." >&2; return 5; }
    services; : > "$run/wanted/$1"; until_it there "$1"
  else
    case $1 in docker) is_known docker || { echo "Failed to start docker.service: Unit docker.service not found." >&2; return 5; } ;; esac
    echo "longshore: $1 is not run on a simulated machine" >&2
  fi
}

stop() { if is_ours "$1"; then rm -f "$run/wanted/$1"; until_it gone "$1"; fi; }

restart() { if is_ours "$1" && is_active "$1"; then : > "$run/restart/$1"; else start "$1"; fi; }

status() {
  if ! is_known "$1"; then echo "Unit $1.service could not be found." >&2; return 4; fi
  echo "* $1.service"; echo "   Loaded: loaded"
  if is_active "$1"; then echo "   Active: active (running)"; else echo "   Active: inactive (dead)"; return 3; fi
}

each() {
  code=0 verb=$1; shift
  for u; do
    u=$(printf %s "$u" | sed 's/\.service$//')
    case $verb in
      start) start "$u" ;;
      stop|kill) stop "$u" ;;
      restart|reload-or-restart|try-restart|reload|condrestart) restart "$u" ;;
      enable|reenable) : > "$state/enabled/$u"; if [ -n "$now" ]; then start "$u"; fi ;;
      disable|mask) rm -f "$state/enabled/$u"; if [ -n "$now" ]; then stop "$u"; fi ;;
      status) status "$u" ;;
      is-active) if is_active "$u"; then [ -n "$quiet" ] || echo active; else [ -n "$quiet" ] || echo inactive; false; fi ;;
      is-enabled) if [ -e "$state/enabled/$u" ]; then [ -n "$quiet" ] || echo enabled; else [ -n "$quiet" ] || echo disabled; false; fi ;;
      *) true ;;
    esac || code=$?
  done
  return $code
}

verb= units= now= quiet=
for word; do
  case $word in
    --now) now=1 ;;
    -q|--quiet) quiet=1 ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else units="$units $word"; fi ;;
  esac
done
case $verb in boot) units=$(ls $state/enabled); verb=restart ;; esac
set -f
each "$verb" $units
`;

/** `service NAME VERB`. */
export const SERVICE = `#!/bin/sh
exec systemctl "$2" "$1"
`;

/** `sysctl`: settings of the network are the machine's own and are really made, all others are left alone. */
export const SYSCTL = String.raw`#!/bin/sh
# Stand-in of sysctl on a simulated machine.
set_one() { # name value
  case $1 in net.*) path=/proc/sys/$(printf %s "$1" | tr . /); [ -w "$path" ] && echo "$2" > "$path" ;; esac
  echo "$1 = $2"
}
set_all() { # files
  cat "$@" 2>/dev/null | sed 's/[#;].*//' | grep = | while IFS='=' read -r name value; do
    set_one "$(printf %s "$name" | tr -d ' -')" "$(printf %s "$value" | sed 's/^ *//; s/ *$//')"
  done
}
[ $# -gt 0 ] || exit 0
while [ $# -gt 0 ]; do
  case $1 in
    --system) set_all /usr/lib/sysctl.d/*.conf /etc/sysctl.d/*.conf /etc/sysctl.conf ;;
    -p|--load) if [ $# -gt 1 ]; then shift; set_all "$1"; else set_all /etc/sysctl.conf; fi ;;
    -p*) set_all "$(printf %s "$1" | sed 's/^-p//')" ;;
    -*) ;;
    *=*) set_one "$(printf %s "$1" | sed 's/=.*//')" "$(printf %s "$1" | sed 's/^[^=]*=//')" ;;
    *) cat "/proc/sys/$(printf %s "$1" | tr . /)" ;;
  esac
  shift
done
exit 0
`;

/** `curl` and `wget`: what the machine can reach is asked, the metadata service by its public names too; all else is not fetched. */
export const FETCH = String.raw`#!/bin/sh
# Stand-in of curl and wget on a simulated machine.
name=$(basename "$0")
metadata=$(cat /var/lib/longshore/metadata-url)
local= output= previous= url= named=
for word; do
  shift
  word=$(printf %s "$word" | sed -E "s#https?://metadata\.(packet\.net|platformequinix\.com)(:443)?#$metadata#g")
  case $word in
    http://127.*|https://127.*|http://localhost*|https://localhost*|http://198.1[89].*|https://198.1[89].*|http://10.*|https://10.*) local=1 url=$word ;;
    http://*|https://*) url=$word ;;
  esac
  case $name$previous in curl-o|curl--output|wget-O|curl-[!-]*o|wget-[!-]*O) output=$word ;; esac
  case $word in
    -o|-O|-[!-]*o|-[!-]*O|--output) previous=$word ;;
    --output=*|--output-document=*) output=$(printf %s "$word" | sed 's/^[^=]*=//'); previous= ;;
    -*O-) output=-; previous= ;;
    *) previous= ;;
  esac
  case $name$word in curl-O|curl-[!-]*O|curl--remote-name) named=1 ;; esac
  set -- "$@" "$word"
done
if [ -n "$local" ] || [ -z "$url" ]; then
  for folder in usr/local/bin usr/bin bin; do [ -x "/mnt/host/$folder/$name" ] && exec "/mnt/host/$folder/$name" "$@"; done
  exec /usr/local/lib/longshore/fetch "$url" "$output"
fi
echo "longshore: $url is not fetched on a simulated machine" >&2
[ -z "$named" ] || output=$(basename "$url")
case $output in ''|-) ;; *) mkdir -p "$(dirname "$output")" && : > "$output" ;; esac
exit 0
`;

/** `gpg`: only passes on what it would convert. */
export const GPG = String.raw`#!/bin/sh
# Stand-in of gpg on a simulated machine.
output= previous= input=
for word; do
  case $previous in -o|--output) output=$word; previous=; continue ;; esac
  previous=$word
  case $word in -*) ;; *) input=$word ;; esac
done
case " $* " in *' --dearmor '*) ;; *) exit 0 ;; esac
if [ -n "$output" ]; then mkdir -p "$(dirname "$output")"; exec cat $input > "$output"; fi
exec cat $input
`;

/** `hostnamectl`. */
export const HOSTNAMECTL = `#!/bin/sh
case "$1" in
  set-hostname|hostname) [ -n "$2" ] || exec hostname; hostname "$2"; echo "$2" > /etc/hostname ;;
  *) hostname ;;
esac
`;

/** `journalctl -u NAME`. */
export const JOURNALCTL = `#!/bin/sh
unit=kubelet previous=
for word; do
  case $previous in -u|--unit) unit=$(basename "$word" .service) ;; esac
  case $word in -u?*) unit=$(basename "\${word#-u}" .service) ;; --unit=*) unit=$(basename "\${word#--unit=}" .service) ;; esac
  previous=$word
done
cat "/var/log/$unit.log" 2>/dev/null || echo "-- No entries --"
`;

/** What says that it did nothing. */
export const NOTHING = `#!/bin/sh
echo "longshore: $(basename "$0") $* does nothing on a simulated machine" >&2
exit 0
`;

/** What does nothing without a word: programs whose work shows nowhere on such a machine. */
export const SILENT_NOTHING = `#!/bin/sh
exit 0
`;

/** What prints the architecture as Debian names it. */
export const DPKG = `#!/bin/sh
case "$1" in
  --print-architecture) case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac ;;
esac
`;
