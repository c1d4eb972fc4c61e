#!/bin/sh
# From register to kill, with nothing but curl, sed and what /schema/ says: client.sh http://localhost:8000
set -eu
server=$1
json='Content-Type: application/json'

field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
call() { method=$1 path=$2; shift 2; curl -sSf -X "$method" "$server$path" -H "Authorization: Token $token" "$@"; }

account='"username": "shell", "password": "correct-horse-9"'
curl -sSf "$server/userapi/register/" -H "$json" -d "{$account, \"email\": \"shell@example.com\"}" >/dev/null
token=$(curl -sSf "$server/userapi/login/" -H "$json" -d "{$account}" | field token)

id=$(call POST /taskapi/tasks/ -H "$json" -d '{"name": "nap", "program": "sleep", "arguments": {"seconds": 600}}' | field id)
until [ "$(call GET "/taskapi/tasks/$id/" | field status)" = running ]; do sleep 0.1; done
echo "running $id"
echo "$(call POST "/taskapi/tasks/$id/signal/" -H "$json" -d '{"signal": "STOP"}' | field reason) $id"
call POST "/taskapi/tasks/$id/signal/" -H "$json" -d '{"signal": "CONT"}' >/dev/null
echo "$(call DELETE "/taskapi/tasks/$id/" | field detail)"
echo "$(call GET "/taskapi/tasks/$id/?wait=5" | field status)"
echo "$(call GET "/taskapi/tasks/?status=killed&fields=name,status")"
