#!/usr/bin/env bash
# Installs the servers that tests start for themselves. None of them is started here, nor with the machine.
set -euo pipefail

if [ -x /usr/lib/postgresql/15/bin/initdb ]; then
  echo "PostgreSQL 15 is there"
  exit 0
fi
command -v apt-get >/dev/null || { echo "apt-get is not here; install PostgreSQL 15 by other means" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "installing packages needs the rights of root" >&2; exit 1; }

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15
