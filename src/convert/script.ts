/**
 * What the printed scripts have in common: plain sh, start, stop and status, each of which may be called twice. Only
 * addresses, numbers and names that were checked against a pattern ever stand outside a comment.
 */

/** A text as one comment: no line break or control character of it can end the comment. */
export function comment(text: string): string {
  return `# ${text.replaceAll(/[^\x20-\x7e]/g, '?')}`
}

/** Keeps what the kernel settings were, in a file below /run, until stop. */
const KERNEL_SETTINGS = `# Writes a kernel setting unless it is one of the accepted values, and keeps what it was.
# usage: setting PATH ACCEPTED...; the first accepted value is the one that is written
setting() {
  path=$1
  shift
  # Not by "read": it takes a byte at a time, and the kernel answers only the first.
  was=$(cat "/proc/sys/$path" 2> /dev/null) || fail "the kernel has no $path" || return 1
  for accepted in "$@"; do
    [ "$was" = "$accepted" ] && return 0
  done
  if ! grep -qs "^$path " "$STATE"; then
    echo "$path $was" >> "$STATE" || return 1
  fi
  echo "$1" > "/proc/sys/$path" || fail "$path wants $1; found $was"
}

# Puts back what the settings were before start.
restore_settings() {
  [ -f "$STATE" ] || return 0
  while read -r path was; do
    case $path in
      *..*) continue ;;
      net/ipv[46]/*) ;;
      *) continue ;;
    esac
    [ -f "/proc/sys/$path" ] || continue
    echo "$was" > "/proc/sys/$path" || return 1
  done < "$STATE"
  rm -f "$STATE"
}
`

export interface Script {
  /** Comment lines at the head. */
  readonly about: readonly string[]
  /** File name below /run for the kernel settings that were changed; null: it changes none. */
  readonly state: string | null
  /** Definitions of shell functions `start`, `stop` and `status`, and what they need. */
  readonly body: string
}

export function scriptText({ about, state, body }: Script): string {
  return `#!/bin/sh
${about.map(comment).join('\n')}
# usage: start | stop | status; exit status 0 done or running, 1 failed, 2 usage, 3 stopped
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
${state === null ? '' : `STATE=\${STATE_FILE:-/run/${state}}\n`}
fail() {
  echo "\${0##*/}: $*" >&2
  return 1
}

${state === null ? '' : `${KERNEL_SETTINGS}\n`}${body}
case \${1-} in
  start) start ;;
  stop) stop ;;
  status)
    if status; then
      echo running
    else
      echo stopped
      exit 3
    fi
    ;;
  *)
    echo "usage: \${0##*/} start|stop|status" >&2
    exit 2
    ;;
esac
`
}
