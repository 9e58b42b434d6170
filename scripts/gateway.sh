#!/usr/bin/env bash
# An S3 server for the tests: Ceph's gateway, from Debian's packages, which are unpacked (66 MB to download), not installed. It listens on loopback
# only, keeps its objects in memory (6 GiB at most), and forgets them when it is stopped.
#
#   scripts/gateway.sh up [DIR]     starts it, unless it runs, and prints the variables by which tools find it: `export $(scripts/gateway.sh up)`
#   scripts/gateway.sh env [DIR]    prints them, if it runs
#   scripts/gateway.sh down [DIR]   stops it
#
# DIR holds the packages and the server's files; the default is node_modules/.cache/gateway. Needs Debian's apt-get and dpkg, with fresh lists of
# packages, but no rights.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  printf 'usage: %s up|env|down [DIR]\n' "$0" >&2
  exit 2
}

[ $# -ge 1 ] && [ $# -le 2 ] || usage
command=$1
mkdir -p "${2:-node_modules/.cache/gateway}"
directory=$(cd "${2:-node_modules/.cache/gateway}" && pwd)
root=$directory/root
run=$directory/run
conf=$run/ceph.conf
variables=$run/variables

# The keys of the only user: everybody on this machine may know them.
key=npy-append-array
secret=not-a-secret

libraries=$root/usr/lib/$(uname -m)-linux-gnu
# Runs a program of the packages.
inside() {
  LD_LIBRARY_PATH=$libraries:$libraries/ceph:$root/usr/lib/ceph:$root/lib/$(uname -m)-linux-gnu \
    PATH=$root/usr/bin:$root/usr/sbin:$PATH PYTHONPATH=$root/usr/lib/python3/dist-packages "$@"
}

unpack() {
  [ ! -e "$directory/unpacked" ] || return 0
  local packages
  # Those that the system has are used from there.
  packages=$(apt-get install -s --no-install-recommends radosgw ceph-mon ceph-osd | awk '/^Inst/ { print $2 }')
  rm -rf "$directory/debs" "$root"
  mkdir -p "$directory/debs" "$root"
  (cd "$directory/debs" && xargs apt-get download -qq <<<"$packages" >&2)
  for package in "$directory"/debs/*.deb; do dpkg -x "$package" "$root"; done
  rm -rf "$directory/debs"
  touch "$directory/unpacked"
}

# What runs as the number in a file, if it is one of these servers: numbers are used again.
alive() {
  local id
  id=$(cat "$run/$1.pid" 2>/dev/null) && [ -n "$id" ] && grep -aqF "$conf" "/proc/$id/cmdline" 2>/dev/null && printf '%s' "$id"
}

stop() {
  local id
  for server in rgw osd.0 mon.a; do
    id=$(alive $server) || continue
    # The store holds nothing that is worth an orderly end.
    kill -KILL "$id" 2>/dev/null || true
    for _ in $(seq 100); do [ -n "$(alive $server || true)" ] || break; sleep 0.1; done
  done
  rm -rf "$run"
}

# A port that nothing listens on. Another program may take it meanwhile: `up` tries again then.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  printf '%s' "$port"
}

start() {
  local mon_port port fsid=8e1f64a5-0d5c-4bb5-9c4a-5f0c7a1d2b36 osd=1f6f8b8e-52c8-4f0e-8d5b-3a3f1c0f6a77
  mon_port=$(free_port)
  port=$(free_port)
  mkdir -p "$run/mon" "$run/osd" "$run/rgw"
  cat >"$conf" <<CONF
[global]
fsid = $fsid
mon host = [v1:127.0.0.1:$mon_port]
ms bind msgr2 = false
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
plugin dir = $root/usr/lib/ceph
erasure code dir = $libraries/ceph/erasure-code
osd class dir = $root/usr/lib/$(uname -m)-linux-gnu/rados-classes
osd class update on start = false
osd crush update on start = false
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
mon allow pool size one = true
mon max pg per osd = 1000
# The space of deleted objects is free at once, not after hours.
rgw gc obj min wait = 1
rgw gc processor period = 5
rgw gc processor max time = 5
osd objectstore = memstore
memstore device bytes = 6442450944
mon data = $run/mon
osd data = $run/osd
pid file = $run/\$name.pid
admin socket =
log file = $run/\$name.log
[client.rgw.a]
rgw data = $run/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
CONF
  inside monmaptool --create --fsid $fsid --addv a "[v1:127.0.0.1:$mon_port]" "$run/monmap"
  inside ceph-mon -c "$conf" -i a --mkfs --monmap "$run/monmap"
  inside ceph-mon -c "$conf" -i a
  inside ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid $osd
  inside ceph -c "$conf" osd new $osd
  inside ceph -c "$conf" osd crush add 0 1.0 host=localhost root=default
  inside ceph-osd -c "$conf" -i 0
  inside radosgw-admin -c "$conf" user create --uid=npy --display-name=npy --access-key="$key" --secret-key="$secret"
  inside exec setsid nohup radosgw -c "$conf" -n client.rgw.a -f </dev/null &
  printf '%s\n' $! >"$run/rgw.pid"
  for _ in $(seq 240); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%s\n' "AWS_ENDPOINT_URL=http://127.0.0.1:$port" "AWS_ACCESS_KEY_ID=$key" "AWS_SECRET_ACCESS_KEY=$secret" \
        AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 >"$variables.new"
      mv "$variables.new" "$variables"
      return 0
    fi
    [ -d "/proc/$(cat "$run/rgw.pid")" ] || return 1
    sleep 0.25
  done
  return 1
}

runs() {
  [ -e "$variables" ] && [ -n "$(alive rgw || true)" ]
}

# One at a time; not inherited by the servers, which would keep it.
exec 9>"$directory/lock"
flock 9

case $command in
  up)
    if ! runs; then
      unpack
      output=$directory/start.log
      for attempt in 1 2 3; do
        stop
        # In a shell of its own, which ends at the first command that fails; as a condition it would go on.
        set +e
        (set -e; start) >"$output" 2>&1 9>&-
        status=$?
        set -e
        [ "$status" -ne 0 ] || break
        if [ "$attempt" = 3 ]; then
          tail -n 40 "$output" >&2
          stop
          exit 1
        fi
      done
    fi
    cat "$variables"
    ;;
  env)
    runs || exit 1
    cat "$variables"
    ;;
  down) stop ;;
  *) usage ;;
esac
