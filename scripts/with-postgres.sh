#!/usr/bin/env bash
# Runs a command with a throwaway PostgreSQL cluster, whose URL is in TEST_DATABASE_URL.
#
#   scripts/with-postgres.sh npm test
#
# It forgets what the disk forgets (fsync=off), unless POSTGRES_OPTIONS, which may be empty, says otherwise.
# Needs PostgreSQL's own programs (Debian: postgresql-15-postgis-3). PostgreSQL does not run as root:
# there, the user postgres owns the cluster. Password over TCP, none over the Unix socket.
set -euo pipefail

bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "initdb was not found: install postgresql-15-postgis-3." >&2; exit 3; }

folder=$(mktemp -d)
port=$(( 20000 + RANDOM % 20000 ))
password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  as_owner() { su postgres -s /bin/sh -c '"$0" "$@"' -- "$@"; }
fi

stop() {
  as_owner "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT

umask 077
echo "$password" > "$folder/password"
[ "$(id -u)" = 0 ] && chown postgres "$folder/password"
# The role is not called `runner`: its tables without a schema would be in the runner's own.
as_owner "$bin/initdb" -D "$folder/data" -U tester --pwfile="$folder/password" \
  --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start -o \
  "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder ${POSTGRES_OPTIONS--c fsync=off} -c max_connections=100" \
  >/dev/null
chmod 755 "$folder"

export TEST_DATABASE_URL="postgresql://tester:$password@127.0.0.1:$port/postgres"
"$@"
