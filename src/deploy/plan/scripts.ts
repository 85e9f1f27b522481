/**
 * The shell scripts that run on web hosts and directors: constants, with their values as "$1" and so on. Each may be
 * cut short anywhere and run again. What the program wants to know is printed as lines `WORD VALUE`; a refusal is a
 * sentence on the standard error and a status. POSIX sh, and of the tools only what Linux and the BSDs share, except
 * where a line says so.
 */

/** Statuses that mean something to the program. */
export const STATUS = { refused: 20, locked: 21, isDirectory: 22, foreign: 23 } as const

const SAY = `
refuse() { printf '%s\\n' "$1" >&2; exit ${STATUS.refused}; }
`

/** $1 deploy_to. Prints current, each release with its state file, the log of revisions, the room. Changes nothing. */
export const INSPECT = `
if ! cd -- "$1" 2>/dev/null; then printf 'missing\\n'; return 0; fi
if [ -L current ]; then printf 'current %s\\n' "$(readlink current)"
elif [ -e current ]; then printf 'directory current\\n'; fi
[ -w . ] && printf 'writable\\n'
for folder in releases/[0-9]*/; do
  [ -d "$folder" ] || continue
  id=\${folder#releases/}; id=\${id%/}; file=$folder.ha-release.json
  printf 'release %s %s\\n' "$id" "$([ -f "$file" ] && head -c 4096 "$file" | tr -d '\\n')"
done
for archive in releases/.*.tar.gz; do
  [ -f "$archive" ] || continue
  printf 'archive %s\\n' "\${archive#releases/}"
done
[ -f revisions.log ] && tail -n 1000 revisions.log | sed 's/^/revision /'
[ -f .ha-deploy.lock ] && printf 'lock %s\\n' "$(head -c 4096 .ha-deploy.lock | tr -d '\\n')"
df -Pk . | awk 'NR == 2 { print "free", $4 }'
return 0
`

/** $1 deploy_to, $2 release. Makes the folders. */
export const MAKE_PLACE = `${SAY}
mkdir -p -- "$1/releases" "$1/shared" || refuse "cannot make $1"
cd -- "$1"
if [ -e current ] && [ ! -L current ]; then
  printf 'current is a directory: use --adopt\\n' >&2; exit ${STATUS.isDirectory}
fi
if [ -f "releases/$2/.ha-release.json" ] && ! grep -q '"state":"unfinished"' "releases/$2/.ha-release.json"; then
  printf 'present\\n'
fi
`

const DIGEST = `
digest() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1" | cut -d ' ' -f 1
  else sha256 -q <"$1"; fi
}
`

/** $1 deploy_to, $2 release, $3 archive (below releases/), $4 its sha-256, $5 state file. */
export const UNPACK = `${SAY}${DIGEST}
cd -- "$1"
[ "$(digest "releases/$3")" = "$4" ] || refuse "what arrived is not what was sent (sha-256 differs)"
mkdir -p -- "releases/$2"
printf '%s\\n' "$5" >"releases/$2/.ha-release.json.new"
mv -f -- "releases/$2/.ha-release.json.new" "releases/$2/.ha-release.json"
tar -xzof "releases/$3" -C "releases/$2" --exclude=./.ha-release.json || refuse "cannot unpack the release"
rm -f -- "releases/$3"
`

/** $1 deploy_to, $2 release, then for each shared path: d or f, the path, the text of the link. */
export const LINK_SHARED = `${SAY}
cd -- "$1"; release=releases/$2; shift 2
[ -d "$release" ] || refuse "$release is not there"
while [ $# -ge 3 ]; do
  if [ "$1" = d ]; then mkdir -p -- "shared/$2"; else mkdir -p -- "$(dirname -- "shared/$2")"; fi
  mkdir -p -- "$(dirname -- "$release/$2")"
  [ -L "$release/$2" ] || rm -rf -- "$release/$2"
  ln -sfn -- "$3" "$release/$2"
  shift 3
done
`

/**
 * $1 deploy_to, $2 time, $3 rest of a line for revisions.log or nothing, then releases, each with its new state: the
 * first must be there. A release that is ready has reached the disk. The line stands there once.
 */
export const MARK = `${SAY}
cd -- "$1"; time=$2; line=$3; shift 3
[ $# = 0 ] || [ -f "releases/$1/.ha-release.json" ] || refuse "releases/$1 is no release"
while [ $# -ge 2 ]; do
  file=releases/$1/.ha-release.json
  [ -f "$file" ] || { shift 2; continue; }
  if [ "$2" = ready ]; then sync -f "releases/$1" 2>/dev/null || sync; fi
  sed -e 's/"state":"[a-z]*"/"state":"'"$2"'"/' -e 's/"times":{/"times":{"'"$2"'":"'"$time"'",/' "$file" >"$file.new"
  mv -f -- "$file.new" "$file"
  shift 2
done
[ -n "$line" ] || return 0
[ -f revisions.log ] && cut -d ' ' -f 2- revisions.log | grep -qxF -- "$line" && return 0
printf '%s %s\\n' "$time" "$line" >>revisions.log
`

/**
 * $1 deploy_to, $2 text of the link, $3 unique word, $4 `forward` or `back`. One rename: whoever reads the link sees the
 * old or the new release. The link is relative, so that it means the same under a chroot or another mount. mv of GNU
 * and busybox has -T, that of the BSDs -h; without either the new link would be moved into the old release, hence the
 * look afterwards. Forward only to a release that is ready or good; back to where the link pointed before.
 */
export const SWAP = `${SAY}
cd -- "$1"
[ -d "$2" ] || refuse "$2 is not there"
if [ "$4" = forward ]; then
  grep -qE '"state":"(ready|good)"' "$2/.ha-release.json" 2>/dev/null || refuse "$2 is neither ready nor good"
fi
if [ -e current ] && [ ! -L current ]; then
  printf 'current is a directory: use --adopt\\n' >&2; exit ${STATUS.isDirectory}
fi
[ -L current ] && [ "$(readlink current)" = "$2" ] && return 0
rm -f -- ".current.$3"
ln -s -- "$2" ".current.$3"
mv -T -- ".current.$3" current 2>/dev/null || mv -h -- ".current.$3" current 2>/dev/null || {
  rm -f -- ".current.$3"; refuse "mv has neither -T nor -h: the link cannot be switched in one step"; }
[ "$(readlink current)" = "$2" ] || refuse "current points to $(readlink current) after the switch"
`

/** $1 deploy_to. Whether the link was never made. */
export const IS_UNLINKED = `[ ! -L "$1/current" ]`

/** $1 deploy_to, $2 release to make of the directory current. The link is missing for a moment: asked for, not implied. */
export const ADOPT = `${SAY}
cd -- "$1"
[ -d current ] && [ ! -L current ] || refuse "current is no directory"
[ ! -e "releases/$2" ] || refuse "releases/$2 is there already"
mkdir -p releases shared
printf '%s\\n' "$3" >current/.ha-release.json
ln -s -- "releases/$2" .current.adopt
mv -- current "releases/$2"
mv -- .current.adopt current
`

/**
 * $1 folder, $2 content of the lock, $3 our run, $4 run whose lock is replaced, $5 unique word. The lock is a hard link
 * to a finished file: it is there with its content or not at all.
 */
export const LOCK = `
mkdir -p -- "$1"; cd -- "$1"
lock=.ha-deploy.lock
if [ -f "$lock" ] && grep -qF -- "\\"run\\":\\"$3\\"" "$lock"; then rm -f -- "$lock.$5"; printf '%s\\n' "$2" >"$lock.$5"; mv -f -- "$lock.$5" "$lock"; return 0; fi
if [ -n "$4" ] && [ -f "$lock" ] && grep -qF -- "\\"run\\":\\"$4\\"" "$lock" && mv -- "$lock" "$lock.old.$5" 2>/dev/null; then
  # Between the two somebody else may have replaced it: then it is theirs.
  grep -qF -- "\\"run\\":\\"$4\\"" "$lock.old.$5" || ln -- "$lock.old.$5" "$lock" 2>/dev/null || :
  rm -f -- "$lock.old.$5"
fi
printf '%s\\n' "$2" >"$lock.$5"
if ln -- "$lock.$5" "$lock" 2>/dev/null; then rm -f -- "$lock.$5"; return 0; fi
rm -f -- "$lock.$5"
printf 'lock %s\\n' "$(head -c 4096 "$lock" | tr -d '\\n')"
exit ${STATUS.locked}
`

/** $1 folder, $2 content of the lock, $3 our run, $4 unique word. A lock that is not ours any more stays as it is. */
export const RENEW = `
cd -- "$1"
lock=.ha-deploy.lock
if [ -f "$lock" ] && grep -qF -- "\\"run\\":\\"$3\\"" "$lock"; then printf '%s\\n' "$2" >"$lock.$4"; mv -f -- "$lock.$4" "$lock"; return 0; fi
[ ! -f "$lock" ] || printf 'lock %s\\n' "$(head -c 4096 "$lock" | tr -d '\\n')"
exit ${STATUS.locked}
`

/** $1 folder. Who has its lock; nothing: nobody. */
export const SHOW_LOCK = `[ ! -f "$1/.ha-deploy.lock" ] || head -c 4096 -- "$1/.ha-deploy.lock"`

/** $1 folder, $2 run, or empty: whoever's. */
export const UNLOCK = `
cd -- "$1" 2>/dev/null || return 0
lock=.ha-deploy.lock
[ -f "$lock" ] || return 0
if [ -z "$2" ] || grep -qF -- "\\"run\\":\\"$2\\"" "$lock"; then rm -f -- "$lock"; fi
`

/** $1 folder to stand in, $2 the administrator's command, then NAME VALUE pairs for its environment. */
export const HOOK = `
cd -- "$1"; command=$2; shift 2
while [ $# -ge 2 ]; do export "$1=$2"; shift 2; done
exec sh -c "$command" 2>&1
`

/** $1 deploy_to, then releases that may go, and archives of uploads that were cut. A release is renamed first, so that a cut removal leaves no half release. */
export const PRUNE = `
cd -- "$1"; shift
for id do
  case $id in .*.tar.gz) rm -f -- "releases/$id" && printf 'pruned %s\\n' "$id"; continue;; esac
  [ -d "releases/$id" ] || continue
  [ "$(readlink current)" = "releases/$id" ] && continue
  rm -rf -- "releases/.pruned.$id"
  mv -- "releases/$id" "releases/.pruned.$id" && rm -rf -- "releases/.pruned.$id" && printf 'pruned %s\\n' "$id"
done
return 0
`

/** $1 maintenancedir, $2 name of the file, $3 text, $4 first word of the text. A file of somebody else is left alone. */
export const MAINTAIN = `${SAY}
cd -- "$1" 2>/dev/null || refuse "$1 (maintenancedir) is not there"
if [ -e "$2" ]; then
  head -n 1 -- "$2" | grep -qF -- "$4" && return 0
  printf '%s was put there by somebody else: %s\\n' "$1/$2" "$(head -c 200 -- "$2" | head -n 1)" >&2; exit ${STATUS.foreign}
fi
printf '%s\\n' "$3" >".$2.new"
ln -- ".$2.new" "$2" 2>/dev/null || [ -e "$2" ]
rm -f -- ".$2.new"
`

/** $1 maintenancedir, $2 name of the file, $3 first word of our text. */
export const UNMAINTAIN = `
cd -- "$1" 2>/dev/null || return 0
[ -e "$2" ] || return 0
if head -n 1 -- "$2" | grep -qF -- "$3"; then rm -f -- "$2"; return 0; fi
printf '%s was put there by somebody else and stays\\n' "$1/$2" >&2
exit ${STATUS.foreign}
`

/** $1 ldirectord.cf, $2 its program, $3 counters, then addresses. Prints parts, each behind a line `== NAME`. */
export const READ_DIRECTOR = `
cf=$1; program=$2; counters=$3; shift 3
if [ "$counters" != ipvsadm ]; then
  printf '== status\\n'
  "$program" "$cf" status --json 2>/dev/null || :
fi
if [ "$counters" != ldirectord ]; then
  printf '== saved\\n'; ipvsadm -S -n 2>&1 || :
  printf '== list\\n'; ipvsadm -L -n 2>&1 || :
  printf '== timeout\\n'; ipvsadm -L --timeout 2>&1 || :
  printf '== expire\\n'; cat /proc/sys/net/ipv4/vs/expire_quiescent_template 2>/dev/null || :
  printf '== connections\\n'
  ipvsadm -L -n -c 2>/dev/null | awk 'BEGIN { for (i = 1; i < ARGC; i++) want[i] = ARGV[i]; ARGC = 1 }
    { for (i in want) if (index($NF, want[i] ":") == 1) { if (++n <= 20000) print; break } }' "$@" || :
fi
printf '== end\\n'
`

/** $1 ldirectord.cf, $2 its program. Nothing where no ldirectord answers. */
export const STATUS_JSON = `"$2" "$1" status --json 2>/dev/null || :`

/** $1 ldirectord.cf. */
export const READ_FILE = `head -c 4194304 -- "$1"`

/** $1 value of expire_quiescent_template. */
export const TUNE = `
echo "$1" >/proc/sys/net/ipv4/vs/expire_quiescent_template
[ "$(cat /proc/sys/net/ipv4/vs/expire_quiescent_template)" = "$1" ]
`

/**
 * For each entry four words: -t, -u or -f, the service, -6 or nothing, the real server as ipvsadm shows it. Deletes it
 * while expire_nodest_conn is 1, so that its connections go, and lists it again as it was, at weight 0.
 */
export const DROP_CLIENTS = `${SAY}
setting=/proc/sys/net/ipv4/vs/expire_nodest_conn
[ -w "$setting" ] || refuse "$setting cannot be written: is this a director with IPVS, and are we root there?"
before=$(cat "$setting")
trap 'echo "$before" >"$setting"' EXIT
trap 'exit 1' HUP INT TERM
echo 1 >"$setting"
while [ $# -ge 4 ]; do
  line=$(ipvsadm -S -n | awk -v option="$1" -v service="$2" -v real="$4" \\
    '$1 == "-a" && $2 == option && $3 == service { for (i = 4; i < NF; i++) if ($i == "-r" && $(i + 1) == real) { print; exit } }')
  if [ -n "$line" ]; then
    ipvsadm -d "$1" "$2" \${3:+"$3"} -r "$4" || refuse "ipvsadm cannot delete $4"
    sleep 1
    printf '%s\\n' "$line" | sed 's/-w [0-9]*/-w 0/' | ipvsadm -R 2>/dev/null ||
      ipvsadm -S -n | grep -qF -- "$1 $2 -r $4 " || refuse "$4 could not be listed again"
  fi
  shift 4
done
`

/** $1 ldirectord.cf, $2 its program. What our ldirectord holds drained, as JSON; fails where another one, or none, runs. */
export const DRAINED = `exec "$2" "$1" drained --json`

/** $1 ldirectord.cf, $2 its program, $3 reason, $4 seconds or nothing, $5 weight that is left or nothing, then real servers. */
export const DRAIN = `
cf=$1; program=$2; reason=$3; seconds=$4; most=$5; shift 5
for real do
  "$program" "$cf" drain "$real" --reason "$reason" \${seconds:+--until "$seconds"} \${most:+--weight "$most"}
done
`

/** $1 ldirectord.cf, $2 its program, then real servers. One that is not drained is as it should be. */
export const UNDRAIN = `
cf=$1; program=$2; shift 2
for real do
  said=$("$program" "$cf" undrain "$real" 2>&1) && continue
  case $said in *'is not drained'*) ;; *) printf '%s\\n' "$said" >&2; exit 1;; esac
done
`

/** Where a director keeps what outlives reboots. */
export const STATE_FOLDER = `printf '%s\\n' "\${HA_VARLIB:-/var/lib/heartbeat}"`

/** What heartbeat says of the resources where it runs: local, all, foreign, none or transition; nothing elsewhere. */
export const RESOURCES =
  'if command -v cl_status >/dev/null 2>&1; then cl_status rscstatus 2>/dev/null || :; fi'
