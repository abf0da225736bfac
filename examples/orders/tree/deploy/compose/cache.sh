#!/usr/bin/env bash
# cache.sh rotate: a new password for the cache; the old one ends when the service has the new.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

[[ ${1:-} == rotate ]] || {
	echo "usage: cache.sh rotate" >&2
	exit 2
}

redis() {
	docker compose exec -T redis valkey-cli --no-auth-warning -a "$old" "$@" >/dev/null
}

# In place: containers hold this very file.
replace() {
	chmod u+w "secrets/$1"
	echo "$2" >"secrets/$1"
	chmod u-w "secrets/$1"
}

old=$(sed -n 's/^requirepass //p' secrets/redis_conf)
new=$(od --address-radix=n --format=x1 --read-bytes=32 /dev/urandom | tr --delete ' \n')
redis ACL SETUSER default ">$new"
replace redis_url "redis://:$new@redis:6379"
replace redis_conf "requirepass $new"
redis ACL SETUSER default "<$old"
echo "password changed; open connections go on"
