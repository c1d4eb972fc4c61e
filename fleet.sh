#!/usr/bin/env bash
# A whole fleet on this machine, for trying it: PostgreSQL, a web process, two workers. Ctrl-C stops all of it.
# Everything is kept in the folder fleet/ (FLEET_FOLDER). Needs PostgreSQL's programs: apt-get install postgresql
set -euo pipefail
cd "$(dirname "$0")"
port=${PORT:-8000}
postgres_port=${POSTGRES_PORT:-5433}
folder=${FLEET_FOLDER:-$PWD/fleet}
programs=$(dirname "$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl 2>/dev/null | tail -1)")
[ -x "$programs/pg_ctl" ] || { echo "pg_ctl is missing: apt-get install postgresql"; exit 1; }

postgres() { # PostgreSQL refuses to run as root
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$programs/$@"; else "$programs/$@"; fi
}
mkdir -p "$folder"
[ "$(id -u)" != 0 ] || chown postgres "$folder"
[ -d "$folder/data" ] || postgres initdb -D "$folder/data" -U postgres -A trust >/dev/null
postgres pg_ctl -D "$folder/data" -w -l "$folder/postgres.log" \
    -o "-p $postgres_port -k $folder -c listen_addresses=127.0.0.1" start >/dev/null

export DATABASE_URL=postgres://postgres@127.0.0.1:$postgres_port/postgres TASK_ENGINE=procrastinate
export SECRET_KEY=${SECRET_KEY:-only-for-trying-it-on-this-machine}
python=${PYTHON:-.venv/bin/python}
pids=()
stop() {
    trap - EXIT INT TERM
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait
    postgres pg_ctl -D "$folder/data" -m fast stop >/dev/null
}
trap stop EXIT
trap 'exit 0' INT TERM
"$python" manage.py migrate -v0
worker() { # whatever it ended with, another takes its place
    trap 'trap "" TERM INT; kill "$child"; wait "$child"; exit' TERM INT
    while :; do "$python" manage.py worker & child=$!; wait "$child" || sleep 1; done
}
for _ in 1 2; do worker & pids+=($!); done
"$python" manage.py up --port "$port" & pids+=($!)
wait "${pids[-1]}"
