#!/bin/sh
# record.sh DIR [NAME.cf ...]: records what the installed ldirectord (Perl, Debian 4.12.0) makes of each DIR/*.cf, as
# DIR/NAME.record.json. Needs root, unshare, and the package ldirectord. Each file is installed as
# /etc/ha.d/ldirectord.cf in private mount, network and UTS namespaces; only the action `status` is run, which reads
# the whole file and touches no table. An END block prints the values that the program holds after reading.
set -eu
if [ "${RECORD_INSIDE:-}" = "" ]; then
  here=$(cd "$(dirname "$0")" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  RECORD_INSIDE=yes RECORD_WORK=$work RECORD_LIB=$here/record unshare -mnu sh "$here/record.sh" "$@"
  exit
fi
work=$RECORD_WORK
dir=$1
shift
hostname director1
cat >"$work/hosts" <<'HOSTS'
127.0.0.1 localhost
127.0.2.1 real1.example.com real1
127.0.2.2 real2.example.com real2
127.0.2.3 real3
127.0.1.9 vip.example.com
::1 ip6-localhost
fd00::9 vip6.example.com
fd00::21 real61
HOSTS
: >"$work/resolv.conf"
mkdir -p "$work/run" "$work/log" "$work/ha.d"
mount --bind "$work/hosts" /etc/hosts
mount --bind "$work/resolv.conf" "$(realpath /etc/resolv.conf)"
mount --bind "$work/run" /run
mount --bind "$work/log" /var/log
mount --bind "$work/ha.d" /etc/ha.d
ip link set lo up
# The program opens log and monitor files for a test; what is not of this recording cannot be written.
for kept in "$work" "$(realpath "$dir")"; do mount --bind "$kept" "$kept"; done
mount -o remount,bind,ro /
[ $# -gt 0 ] || set -- "$dir"/*.cf
for file in "$@"; do
  cp "$file" "$work/ha.d/ldirectord.cf"
  rm -f "$work/values"
  status=0
  LC_ALL=C RECORD_VALUES=$work/values PERL5LIB=$RECORD_LIB PERL5OPT=-MValuesAtEnd \
    /usr/sbin/ldirectord ldirectord.cf status >"$work/out" 2>"$work/err" || status=$?
  perl "$RECORD_LIB/combine.pl" "$status" "$work/err" "$work/values" >"${file%.cf}.record.json"
done
