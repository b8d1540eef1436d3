#!/bin/sh
# Writes out/packet/{cluster,machines,provider-components,addons}.yaml beside this script, from environment variables. The work is done by
# `clusterctl generate`; this finds it. May be started from any folder.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
  cat <<USAGE
Usage: $0 [-f|--force-overwrite] [-h|--help]

Writes cluster.yaml, machines.yaml, provider-components.yaml and addons.yaml into $here/out/packet.

  -f, --force-overwrite  overwrite files that are there already
  -h, --help             this text

Required environment variables:
  PACKET_PROJECT_ID      Packet project ID
  PACKET_API_KEY         Packet API key

Optional environment variables:
  CLUSTER_NAME           name of the cluster (default: test1- and five random characters)
  FACILITY               facility of the machines, or several with commas (default: ewr1)
  SSH_KEY                path of an ssh public key for all machines (default: the ssh keys of the project)
  PACKET_API_URL         address of the Packet API, with or without /metal/v1 (default: the public one)
  IMG                    image of the managers (default: that of the Makefile)
USAGE
}

force=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    -f | --force-overwrite) force=--force-overwrite ;;
    *)
      echo "unknown option $1" >&2
      usage >&2
      exit 1
      ;;
  esac
  shift
done

set -- generate --output "$here/out/packet"
[ -z "$force" ] || set -- "$@" "$force"
[ -z "${IMG:-}" ] || set -- "$@" --image "$IMG"
# Changes of the file count; a copy of this script without it uses what clusterctl brings.
configs=$here/config/default/machine_configs.yaml
[ ! -f "$configs" ] || set -- "$@" --machine-configs "$configs"

if [ -x "$here/bin/clusterctl" ]; then
  exec "$here/bin/clusterctl" "$@"
fi
if [ -f "$here/dist/clusterctl.js" ]; then
  # The repository's own Node, also where dist is a link to the repository's.
  node=$(CDPATH='' cd -P -- "$here/dist/.." && pwd -P)/../../node_modules/.bin/node
  [ -x "$node" ] || node=node
  exec "$node" "$here/dist/clusterctl.js" "$@"
fi
echo "there is no bin/clusterctl in $here yet: run 'make clusterctl' there first" >&2
exit 1
