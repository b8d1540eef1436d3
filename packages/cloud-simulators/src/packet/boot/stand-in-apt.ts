// The stand-ins of apt: nothing is downloaded. What is "installed" are programs that are on this host already (kubeadm, kubectl) or
// stand-ins (kubelet, containerd), and only what a server could install, too: Kubernetes packages need the repository of their minor.

/** `apt-get` and `apt`. Kubernetes versions: of the minors in /var/lib/longshore/programs (`name minor version path`). */
export const APT_GET = String.raw`#!/bin/sh
# Stand-in of apt-get on a simulated machine.
state=/var/lib/longshore
say() { echo "$*"; }
fail() { echo "E: $*" >&2; exit 100; }

repository_minors() {
  find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec cat {} + 2>/dev/null | grep -v '^#' |
    grep -oE '(kubernetes|k8s)[^ ]*v1\.[0-9]+' | grep -oE '1\.[0-9]+$' | sort -u
}

newest_of() { # name minor
  awk -v n="$1" -v m="$2" '$1 == n && $2 == m { print $3 }' $state/programs
}

path_of() { # name minor
  awk -v n="$1" -v m="$2" '$1 == n && $2 == m { print $4 }' $state/programs
}

unit() { # name: a package with a service starts it
  mkdir -p /usr/lib/systemd/system $state/enabled
  printf '[Unit]\nDescription=%s\n[Service]\nExecStart=/usr/bin/%s\n[Install]\nWantedBy=multi-user.target\n' "$1" "$1" \
    > "/usr/lib/systemd/system/$1.service"
  : > "$state/enabled/$1"
}

program() { # name, script on stdin
  rm -f "/usr/bin/$1"
  cat > "/usr/bin/$1"
  chmod 0755 "/usr/bin/$1"
}

kubernetes() { # name version-or-empty
  name=$1 asked=$2 minors=$(repository_minors)
  [ -n "$minors" ] || fail "Unable to locate package $name"
  version=$(printf %s "$asked" | sed 's/-.*//; s/\.\**$//; s/\*$//')
  if [ -z "$version" ]; then minor=$(printf '%s\n' "$minors" | sort -t. -k2n | tail -n 1)
  else minor=$(printf %s "$version" | cut -d. -f1,2); fi
  printf '%s\n' "$minors" | grep -qx "$minor" || fail "Version '$asked' for '$name' was not found"
  newest=$(newest_of kubeadm "$minor")
  if [ -z "$newest" ]; then
    say "longshore: no programs of Kubernetes $minor are prepared for simulated machines (bootPacket: minors, workerMinors)" >&2
    fail "Version '$asked' for '$name' was not found"
  fi
  case $version in ''|"$minor") version=$newest ;; esac
  mkdir -p $state/packages
  printf '%s\n' "$version" > "$state/packages/$name"
  case $name in
    kubeadm) kubeadm_program "$(path_of kubeadm "$minor")" ;;
    kubectl) kubectl_program "$(path_of kubectl "$minor")" ;;
    kubelet)
      unit kubelet
      printf '#!/bin/sh\n[ "$1" = --version ] && exec echo "Kubernetes v%s"\necho "started by systemctl only" >&2; exit 1\n' \
        "$version" | program kubelet
      systemctl start kubelet ;;
  esac
  say "Setting up $name ($version-1.1) ..."
}

kubeadm_program() { # path
  program kubeadm <<END
#!/bin/sh
# The real kubeadm; what its checks would say about the host that the machine is simulated on does not count.
case "\$1 \$2" in
  'init phase'|'join phase') [ "\$3" = preflight ] || exec '$1' "\$@" ;;
  init*|join*) ;;
  *) exec '$1' "\$@" ;;
esac
case " \$* " in *ignore-preflight-errors[=\ ]all*) exec '$1' "\$@" ;; esac
config=\$(printf '%s\n' "\$@" | sed -n 's/^--config=//p; /^--config\$/{n;p;}')
if [ -n "\$config" ] && grep -A20 ignorePreflightErrors "\$config" 2>/dev/null | grep -qi '^ *- *"*all"*'; then exec '$1' "\$@"; fi
exec '$1' "\$@" --ignore-preflight-errors=SystemVerification,NumCPU,Mem
END
}

kubectl_program() { # path
  program kubectl <<END
#!/bin/sh
for word; do case \$word in http://*|https://*) case " \$* " in *' -f '*|*' --filename'*)
  echo "longshore: \$word is not fetched on a simulated machine" >&2; exit 0 ;; esac ;; esac; done
exec '$1' "\$@"
END
}

containerd() {
  unit containerd
  mkdir -p /etc/containerd
  program containerd <<'END'
#!/bin/sh
case "$1 $2" in
  'config default') printf 'version = 2\n[plugins]\n  [plugins."io.containerd.grpc.v1.cri"]\n    sandbox_image = "registry.k8s.io/pause:3.10"\n    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n      SystemdCgroup = false\n' ;;
  --version*|-v*) echo 'containerd github.com/containerd/containerd v2.1.0' ;;
esac
END
  printf '#!/bin/sh\nexit 0\n' | program ctr
  systemctl start containerd
  say "Setting up containerd ..."
}

verb= packages= skip=
for word; do
  if [ -n "$skip" ]; then skip=; continue; fi
  case $word in
    -o|-t|-c|--option|--target-release) skip=1 ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else packages="$packages $word"; fi ;;
  esac
done

[ "$verb" = install ] || { say "longshore: apt-get $verb: nothing to do on a simulated machine"; exit 0; }
set -f
for package in $packages; do
  name=$(printf %s "$package" | sed 's/=.*//') asked=
  case $package in *=*) asked=$(printf %s "$package" | sed 's/^[^=]*=//') ;; esac
  case $name in
    kubeadm|kubelet|kubectl) kubernetes "$name" "$asked" ;;
    containerd|containerd.io) containerd ;;
    docker.io|docker-ce) containerd; say "Setting up $name ..." ;;
    cri-tools) printf '#!/bin/sh\nexit 0\n' | program crictl ;;
    *) say "Setting up $name (not really) ..." ;;
  esac
done
`;

/** `apt-cache`: the versions that there are, for scripts that look for the newest patch level. */
export const APT_CACHE = String.raw`#!/bin/sh
# Stand-in of apt-cache on a simulated machine.
[ "$1" = madison ] || exit 0
minors=$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec cat {} + 2>/dev/null | grep -v '^#' |
  grep -oE '(kubernetes|k8s)[^ ]*v1\.[0-9]+' | grep -oE '1\.[0-9]+$' | sort -u)
for minor in $minors; do
  newest=$(awk -v m="$minor" '$1 == "kubeadm" && $2 == m { print $3 }' /var/lib/longshore/programs)
  [ -n "$newest" ] || continue
  patch=$(printf %s "$newest" | cut -d. -f3)
  while [ "$patch" -ge 0 ]; do
    echo " $2 | $minor.$patch-1.1 | https://pkgs.k8s.io/core:/stable:/v$minor/deb  Packages"
    patch=$((patch - 1))
  done
done
`;
