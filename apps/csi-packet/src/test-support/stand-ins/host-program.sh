#!/usr/bin/env bash
# Stands in for the host's iscsiadm, multipath, multipathd, dmsetup and scsi_id (by the name that it is called by): targets are files behind
# loop devices, the database is a folder. LONGSHORE_WORLD is that folder, LONGSHORE_HOST the host's root. A file faults/<program>[-<action>]
# makes calls fail: its text is an exit code, or `hang`; with a portal's address behind the name it is only for that portal.
set -u
world=$LONGSHORE_WORLD
root=$LONGSHORE_HOST
program=$(basename "$0")
exec 9>"$world/lock"
# As iscsiadm's own lock: one writer at a time.
flock 9

say() { echo "$program: $*" >&2; }
fault() { # names, most special first
  for name in "$@"; do
    [ -f "$world/faults/$name" ] || continue
    local what
    what=$(cat "$world/faults/$name")
    if [ "$what" = hang ]; then
      exec 9>&-
      sleep 600
    fi
    say "made to fail"
    exit "$what"
  done
}
echo "$program $*" >>"$world/commands.log"

wwid_of() { printf '36001405%s' "$(printf %s "$1" | md5sum | cut -c1-25)"; }
loop_of() { # iqn: the loop device of its disk, made when there is none
  local image="$world/disks/$1.img" size device
  size=$(cat "$world/targets/$1/size")
  [ -f "$image" ] || truncate -s "$size" "$image"
  device=$(losetup -j "$image" -O NAME -n | head -1)
  if [ -z "$device" ]; then
    # The first session sees the disk as large as it is now; later growth, after a rescan.
    truncate -s ">$size" "$image"
    device=$(losetup --find --show "$image") || exit 9
  fi
  echo "$1" >"$world/loops/$(basename "$device")"
  echo "$device"
}
link_of() { echo "$root/dev/disk/by-path/ip-$1:3260-iscsi-$2-lun-0"; }

iscsi() {
  local interface=default mode='' op='' key='' value='' portal='' target='' action='' details=0
  while [ $# -gt 0 ]; do
    case $1 in
      -I) interface=$2; shift ;;
      --mode) mode=$2; shift ;;
      -o) op=$2; shift ;;
      -n) key=$2; shift ;;
      -v) value=$2; shift ;;
      -P) details=$2; shift ;;
      --portal) portal=${2%:3260}; portal=${portal#[}; portal=${portal%]}; shift ;;
      --targetname) target=$2; shift ;;
      --type) shift ;;
      --discover | --login | --logout | --rescan) action=${1#--} ;;
      --version) echo 'iscsiadm version 2.1.8'; exit 0 ;;
      *) say "unknown argument $1"; exit 7 ;;
    esac
    shift
  done
  local node="$world/nodes/$portal,$target" session="$world/sessions/$portal,$target"
  fault "iscsiadm-$mode$action-$portal" "iscsiadm-$mode$action" iscsiadm
  case $mode-$op$action in
    iface-show)
      [ "$interface" = default ] || [ -f "$world/ifaces/$interface" ] || exit 21
      echo "# BEGIN RECORD 2.1.8"
      echo "iface.iscsi_ifacename = $interface"
      echo 'iface.transport_name = tcp'
      echo 'iface.hwaddress = <empty>'
      [ "$interface" = default ] || cat "$world/ifaces/$interface"
      echo '# END RECORD'
      ;;
    iface-new) touch "$world/ifaces/$interface" ;;
    iface-update)
      [ -f "$world/ifaces/$interface" ] || exit 21
      { grep -v "^$key = " "$world/ifaces/$interface" || true; echo "$key = $value"; } >"$world/ifaces/$interface.new"
      mv "$world/ifaces/$interface.new" "$world/ifaces/$interface"
      ;;
    discovery-nonpersistentdiscover)
      local found=21 folder
      [ -f "$world/follows-cloud" ] && found=0
      for folder in "$world"/targets/*/; do
        [ -d "$folder" ] && grep -qx "$portal" "$folder/portals" || continue
        found=0
        target=$(basename "$folder")
        echo "$portal:3260,1 $target"
      done
      exit $found
      ;;
    node-new) touch "$node" ;;
    node-update) [ -f "$node" ] || exit 21 ;;
    node-login)
      # The test process copies the cloud's attachments to here, now and then.
      for _ in $(seq 200); do
        [ -d "$world/targets/$target" ] || [ ! -f "$world/follows-cloud" ] && break
        sleep 0.05
      done
      [ -f "$node" ] && [ -d "$world/targets/$target" ] || exit 21
      [ -f "$session" ] && exit 15
      local device
      device=$(loop_of "$target") || exit $?
      echo "$interface" >"$session"
      [ -f "$world/faults/no-link" ] || ln -sfn "$device" "$(link_of "$portal" "$target")"
      ;;
    node-rescan)
      [ -f "$session" ] || exit 21
      truncate -s "$(cat "$world/targets/$target/size")" "$world/disks/$target.img"
      losetup -c "$(loop_of "$target")"
      [ -f "$world/faults/no-link" ] || ln -sfn "$(loop_of "$target")" "$(link_of "$portal" "$target")"
      ;;
    node-logout)
      [ -f "$session" ] || exit 21
      rm -f "$session" "$(link_of "$portal" "$target")"
      ls "$world/sessions/" | grep -q ",$target\$" && exit 0
      local device
      device=$(losetup -j "$world/disks/$target.img" -O NAME -n | head -1)
      if [ -n "$device" ]; then
        rm -f "$world/loops/$(basename "$device")"
        losetup -d "$device" || exit 10
      fi
      ;;
    node-delete)
      [ -f "$node" ] || exit 21
      rm -f "$node"
      ;;
    session-)
      local count=0 file
      for file in "$world"/sessions/*; do
        [ -f "$file" ] || continue
        count=$((count + 1))
        local name
        name=$(basename "$file")
        if [ "$details" = 1 ]; then
          printf 'Target: %s (non-flash)\n\tCurrent Portal: %s:3260,1\n\tPersistent Portal: %s:3260,1\n\t\tIface Name: %s\n' \
            "${name#*,}" "${name%%,*}" "${name%%,*}" "$(cat "$file")"
        else
          echo "tcp: [$count] ${name%%,*}:3260,1 ${name#*,} (non-flash)"
        fi
      done
      [ $count -gt 0 ] || exit 21
      ;;
    *) say "cannot do $mode-$op$action"; exit 7 ;;
  esac
}

case $program in
  iscsiadm) iscsi "$@" ;;
  scsi_id)
    fault scsi_id
    device=${*: -1}
    device=${device#--device=}
    name=$(basename "$(readlink -f "$device")")
    [ -f "$world/loops/$name" ] || exit 1
    wwid_of "$(cat "$world/loops/$name")"
    echo
    ;;
  multipath)
    case $1 in
      -h) exit 0 ;;
      -f)
        fault multipath-flush
        map="$root/dev/mapper/$2"
        [ -L "$map" ] || exit 1
        if grep -q " $(lsblk -ndo MAJ:MIN "$(readlink -f "$map")" | tr -d ' ') " /proc/self/mountinfo; then
          say "$2: map in use"
          exit 1
        fi
        rm "$map"
        ;;
      *)
        fault multipath-make
        wwid=$(awk -v name="$1" '$1 == name { print $2 }' "$root/etc/multipath/bindings")
        for file in "$world"/loops/*; do
          [ -f "$file" ] && [ "$(wwid_of "$(cat "$file")")" = "$wwid" ] || continue
          ln -sfn "/dev/$(basename "$file")" "$root/dev/mapper/$1"
          exit 0
        done
        exit 1
        ;;
    esac
    ;;
  multipathd | dmsetup) fault "$program" ;;
  *) say 'unknown program'; exit 127 ;;
esac
