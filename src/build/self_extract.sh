#!/bin/sh
# @NAME@ @VERSION@: this text, then the packed program and the runtime that it needs. The first start unpacks both into a cache
# directory that belongs to the user alone; later starts look whether all of it is still whole, and
# run it. Old versions are left in that directory: remove it when you like, the next start makes it
# again. DIAM_GW_CACHE_DIR=DIR keeps the cache in DIR/@NAME@.
set -u

name='@NAME@'
built_for='@PLATFORM@'
# The unpacked files, each with its size in bytes, and the directories that they lie in.
ready_files='@READY@'
ready_dirs='@READY_DIRS@'

# Calls $1 with one cache directory after the other until it succeeds.
each_cache() {
  if [ -n "${DIAM_GW_CACHE_DIR:-}" ]; then
    case $DIAM_GW_CACHE_DIR in
      /*) "$1" "$DIAM_GW_CACHE_DIR/$name" ;;
      *) "$1" "$PWD/$DIAM_GW_CACHE_DIR/$name" ;;
    esac
    return
  fi
  # systemd names the directory of CacheDirectory= here.
  case ${CACHE_DIRECTORY:-} in /*) "$1" "${CACHE_DIRECTORY%%:*}/$name" && return ;; esac
  case ${XDG_CACHE_HOME:-} in /*) "$1" "$XDG_CACHE_HOME/$name" && return ;; esac
  case ${HOME:-} in /?*) "$1" "$HOME/.cache/$name" && return ;; esac
  user=$(with_system_path && id -u) && "$1" "${TMPDIR:-/tmp}/$name-$user"
}

# Makes the system's own tools come first; called in subshells only, so that the program gets the PATH that we were given.
with_system_path() {
  PATH="/usr/bin:/bin:/usr/sbin:/sbin${PATH:+:$PATH}"
}

# Whether directory $1 is ours alone and holds all files. Only verified files get their final name;
# what may have become of them since (a disk that was full, a power cut, somebody's chmod) shows in
# their sizes, modes and owners.
ready() {
  dir=$1
  { [ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ]; } || return 1
  sound "$ready_dirs" "$ready_files"
}

# Whether the directories $1 and the files $2 (PATH:BYTES) in $dir are ours, whole, and not to be
# written by anybody else.
sound() {
  (
    cd "$dir" && with_system_path || exit 1
    wanted=1
    paths=
    for entry in $1 $2; do
      wanted=$((wanted + 1))
      paths="$paths ${entry%:*}"
    done
    # shellcheck disable=SC2086 # plain words, as `pack` has checked
    LC_ALL=C ls -ldn . $paths 2>/dev/null | {
      found=0
      while read -r mode _ _ _ bytes _ _ _ path; do
        case $mode in ?????w* | ????????w*) exit 1 ;; esac
        [ -O "$path" ] || exit 1
        case $mode in
          drwx*) case " . $1 " in *" $path "*) ;; *) exit 1 ;; esac ;;
          -r*)
            case " $2 " in *" $path:$bytes "*) ;; *) exit 1 ;; esac
            case $path in */deno) [ -x "$path" ] || exit 1 ;; esac
            ;;
          *) exit 1 ;;
        esac
        found=$((found + 1))
      done
      [ "$found" -eq "$wanted" ]
    }
  )
}

say() {
  printf '%s: %s\n' "$name" "$1" >&2
}

# --- the first start; all of this runs in a subshell ---

# Another directory would not help: say why, and stop.
fail() {
  say "$1"
  exit 1
}

# This directory cannot be used: remember why, the next one is tried.
refuse() {
  refusals="$refusals
  $dir: $1"
  return 1
}

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r
  else
    fail "cannot verify the packed files: this host has neither sha256sum, shasum nor openssl"
  fi
}

# Prints the $2 bytes of this file from offset $1 on. Those who read less than all of it may break the pipe, silently.
packed() {
  tail -c "+$(($1 + 1))" "$self" 2>/dev/null | head -c "$2" 2>/dev/null
}

# unpack PATH OFFSET BYTES SHA256_PACKED SHA256 BYTES_UNPACKED: puts one packed file at its place in
# the cache.
unpack() {
  sound "${1%/*}" "$1:$6" && return 0
  if ! problem=$(packed "$2" "$3" | gzip -dc 2>&1 >"$temporary/file"); then
    intact "$2" "$3" "$4"
    refuse "cannot write $1 (${problem##*: })"
    return 1
  fi
  found=$(sha256 <"$temporary/file") || exit 1
  if [ "${found%% *}" != "$5" ]; then
    intact "$2" "$3" "$4"
    refuse "$1 did not arrive there as it was packed; is there enough space?"
    return 1
  fi
  case $1 in
    */deno)
      chmod 700 "$temporary/file"
      if ! problem=$(DENO_DIR="$temporary" "$temporary/file" --version 2>&1 >/dev/null); then
        fail "the packed runtime does not start on this host; it needs glibc 2.27 or later and libgcc_s (not musl, as on Alpine): $problem"
      fi
      ;;
  esac
  # The contents are to be on the disk before the name is: after a power cut a name without them
  # would be the worse.
  sync "$temporary/file" 2>/dev/null || sync
  own_directory "${1%/*}"
  [ ! -d "$dir/$1" ] || rm -rf "${dir:?}/$1"
  problem=$(mv -f "$temporary/file" "$dir/$1" 2>&1) || refuse "cannot store $1 (${problem##*: })"
}

# Makes directory $1 of the cache ours alone. Its name is that of its contents: whatever else lies
# there is in the way.
own_directory() {
  # Made before it is judged: another first start may make it at this moment, and must not lose it.
  mkdir -p "$dir/$1" 2>/dev/null
  if [ -L "$dir/$1" ] || [ ! -d "$dir/$1" ] || [ ! -O "$dir/$1" ]; then
    rm -rf "${dir:?}/$1"
    mkdir -p "$dir/$1" 2>/dev/null
  fi
  chmod 700 "$dir/$1" 2>/dev/null
}

# Stops when the packed bytes themselves are not the ones that were built.
intact() {
  found=$(packed "$1" "$2" | sha256) || exit 1
  [ "${found%% *}" = "$3" ] || fail "$self is damaged (its contents do not have the checksum they were built with): copy or download it again"
}

unpack_all() {
  #@UNPACK@
  return 0
}

# Unpacks into directory $1 when that can be used.
install_in() {
  dir=$1
  umask 077
  mkdir -p "${dir%/*}" 2>/dev/null
  problem=$(mkdir "$dir" 2>&1) || [ -d "$dir" ] || { refuse "cannot be made (${problem##*: })"; return 1; }
  [ ! -L "$dir" ] || { refuse "is a symbolic link"; return 1; }
  [ -O "$dir" ] || { refuse "belongs to another user"; return 1; }
  mode=$(LC_ALL=C ls -ldn "$dir")
  case $mode in
    ?????w* | ????????w*)
      refuse "may be written by others (${mode%% *}), so that what is in it cannot be trusted; remove it"
      return 1
      ;;
  esac
  chmod 700 "$dir" 2>/dev/null
  # What a start left behind that was killed in the middle.
  find "$dir" -maxdepth 1 -name '.unpack.*' -mmin +60 -exec rm -rf {} + 2>/dev/null
  temporary=$(mktemp -d "$dir/.unpack.XXXXXX" 2>/dev/null) || { refuse "is not writable"; return 1; }
  printf '#!/bin/sh\nexit 0\n' 2>/dev/null >"$temporary/file"
  chmod 700 "$temporary/file"
  "$temporary/file" 2>/dev/null || { refuse "programs may not run there (mounted noexec?)"; discard; return 1; }
  [ ! -t 2 ] || say "first start: unpacking into $dir"
  unpack_all
  unpacked=$?
  discard
  return "$unpacked"
}

discard() {
  [ -z "$temporary" ] || rm -rf "$temporary"
  temporary=
}

first_start() {
  with_system_path
  temporary=
  refusals=
  trap discard EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  case $0 in
    */*) self=$0 ;;
    *) self=$(command -v -- "$0") ;;
  esac
  [ -r "$self" ] || fail "cannot read $self, which holds the program"
  host="$(uname -s) $(uname -m)"
  case "$host" in
    *" amd64") host="${host% *} x86_64" ;;
    "Linux arm64") host="Linux aarch64" ;;
    "Darwin aarch64") host="Darwin arm64" ;;
  esac
  [ "$host" = "$built_for" ] || fail "this executable is for $built_for, and this host is $host"
  each_cache install_in || fail "found no directory to unpack into; DIAM_GW_CACHE_DIR=DIR chooses one that is writable, not mounted noexec, and has @UNPACKED_MB@ MB free. Tried:$refusals"
}

each_cache ready || {
  (first_start) || exit 1
  each_cache ready || {
    say "the unpacked files in $dir are gone again: something else removes them"
    exit 1
  }
}

# Deno's own caches stay beside the program, it does not look for updates, and a package.json above the cache is not its business.
DENO_DIR="$dir/deno-dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
export DENO_DIR DENO_NO_UPDATE_CHECK DENO_NO_PACKAGE_JSON
exec "$dir/@RUNTIME@" @RUN_FLAGS@ "$dir/@MAIN@" "$@"
