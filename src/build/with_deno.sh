#!/bin/sh
# Runs Deno with the given arguments: the one on PATH when its version fits, else one fetched from npm into .tools.
# The program it finds is first on the PATH of what it runs, so that `deno` means the same everywhere below.
#
#   src/build/with_deno.sh task test
set -eu

version=2.9.6 # what is fetched, and the lowest that will do; the next major version will not

fail() {
  printf 'with_deno: %s\n' "$1" >&2
  exit 1
}

# Prints the path of the Deno executable behind command $1 when its version fits. It asks Deno itself for the path: a `deno`
# that npm installed is a Node script, which does not pass SIGTERM on and leaves Deno behind when it is stopped.
usable() {
  found=$("$1" eval 'console.log(Deno.version.deno, Deno.execPath())' 2>/dev/null) || return 1
  fits "${found%% *}" || return 1
  printf '%s\n' "${found#* }"
}

# Whether version $1 is at least $version and of the same major version.
fits() {
  awk -v have="${1%%[-+]*}" -v want="$version" 'BEGIN {
    split(have, h, "."); split(want, w, ".")
    if (h[1] + 0 != w[1] + 0) exit 1
    if (h[2] + 0 != w[2] + 0) exit (h[2] + 0 < w[2] + 0)
    exit (h[3] + 0 < w[3] + 0)
  }'
}

# The name of this machine in the packages that carry Deno's executable.
platform() {
  case "$(uname -s) $(uname -m)" in
    "Linux x86_64" | "Linux amd64") echo linux-x64-glibc ;;
    "Linux aarch64" | "Linux arm64") echo linux-arm64-glibc ;;
    "Darwin x86_64") echo darwin-x64 ;;
    "Darwin arm64") echo darwin-arm64 ;;
    *) fail "there is no Deno $version on npm for $(uname -s) $(uname -m): put a \`deno\` of that version on the PATH" ;;
  esac
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

if ! deno=$(usable deno); then
  fetched="$root/.tools/node_modules/@deno/$(platform)/deno"
  if ! deno=$(usable "$fetched"); then
    command -v npm >/dev/null 2>&1 ||
      fail "Deno $version or a later 2.x is needed, and there is neither one on the PATH nor npm to fetch it: install Node.js 20 (with npm) or Deno"
    printf 'Fetching Deno %s from npm into .tools ...\n' "$version" >&2
    npm install --prefix "$root/.tools" --ignore-scripts --no-save --no-fund --no-audit --loglevel=error "deno@$version" >/dev/null ||
      fail "npm could not fetch deno@$version (its message is above)"
    deno=$(usable "$fetched") ||
      fail "npm fetched deno@$version, but $fetched does not run here; on a musl host (Alpine) use a glibc one, or put your own \`deno\` on the PATH"
  fi
fi

PATH="$(dirname -- "$deno"):$PATH"
export PATH
exec "$deno" "$@"
