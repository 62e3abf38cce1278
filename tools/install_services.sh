#!/usr/bin/env bash
# Installs the servers that tests start for themselves. None of them is started here, nor with the machine. What can't be had is
# told, and the rest goes on: the tests that need it are skipped. The exit status says whether everything is there.
set -uo pipefail
cd "$(dirname "$0")/.."

azurite=build/azurite
missing=()

has() {
  case "$1" in
    postgresql-15) [ -x /usr/lib/postgresql/15/bin/initdb ] ;;
    nginx-light) [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null ;;
    chromium) command -v chromium >/dev/null ;;
    firefox-esr) command -v firefox-esr >/dev/null || command -v firefox >/dev/null ;;
    fuse3) command -v fusermount3 >/dev/null && ldconfig -p | grep -q libfuse3 ;;
    ceph) command -v radosgw >/dev/null && command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null && command -v ceph >/dev/null ;;
    azurite) [ -x $azurite/node_modules/.bin/azurite-blob ] && cmp -s tools/azurite/package-lock.json $azurite/package-lock.json ;;
  esac
}

packages_of() {
  case "$1" in
    ceph) echo radosgw ceph-mon ceph-osd ceph-common ;;
    *) echo "$1" ;;
  esac
}

wanted=()
for name in postgresql-15 nginx-light ceph chromium firefox-esr fuse3; do
  if has $name; then echo "$name is there"; else wanted+=("$name"); fi
done

if [ ${#wanted[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "apt-get is not here: install ${wanted[*]} by other means" >&2
    missing+=("${wanted[@]}")
  elif [ "$(id -u)" != 0 ]; then
    echo "installing ${wanted[*]} needs the rights of root" >&2
    missing+=("${wanted[@]}")
  else
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod +x "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -qq || echo "the lists of packages can't be fetched" >&2
    for name in "${wanted[@]}"; do
      # shellcheck disable=SC2046 # several names
      if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(packages_of "$name") >/dev/null && has "$name"; then
        echo "$name is installed"
      else
        echo "$name can't be installed: its tests are skipped" >&2
        missing+=("$name")
      fi
    done
  fi
fi

if has azurite; then
  echo "azurite is there"
elif ! command -v npm >/dev/null; then
  echo "azurite needs Node and npm, which are not here: its tests are skipped" >&2
  missing+=(azurite)
else
  mkdir -p $azurite
  cp tools/azurite/package.json tools/azurite/package-lock.json tools/azurite/.npmrc $azurite/
  if npm ci --prefix $azurite --ignore-scripts --no-audit --no-fund --silent && has azurite; then
    echo "azurite is installed"
  else
    rm -rf $azurite
    echo "azurite can't be installed: its tests are skipped" >&2
    missing+=(azurite)
  fi
fi

[ ${#missing[@]} -eq 0 ]
