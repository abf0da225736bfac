#!/usr/bin/env bash
# deploy.sh IMAGE | --rollback
# Replaces the running release without losing a request: starts the idle colour, tries it, lets the edge switch to it,
# tries it again from there, and stops the old one, which answers what it has. Whatever fails on the way leaves the old
# release in place, or brings it back. Exit 1 then.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

setting() {
	sed -n "s/^$1=//p" .env
}

save() {
	{ sed "/^$1=/d" .env && echo "$1=$2"; } >.env.new
	mv .env.new .env
}

# nginx looks for the file at each request.
switch() {
	echo "switching to $1"
	if [[ $1 == green ]]; then touch state/nginx/green; else rm -f state/nginx/green; fi
}

# Only new configuration needs a reload.
edge() {
	docker compose up --detach --wait --no-deps edge
	if ! cmp --silent nginx/nginx.conf state/nginx.conf; then
		docker compose exec edge nginx -q -t -c /etc/nginx/service/nginx.conf
		docker compose exec edge nginx -q -c /etc/nginx/service/nginx.conf -s reload
		cp nginx/nginx.conf state/nginx.conf
	fi
}

give_up() {
	echo "$1; the last lines of app-$idle:" >&2
	docker compose logs --no-log-prefix --tail 20 "app-$idle" >&2
	docker compose stop "app-$idle"
	exit 1
}

if [[ $# != 1 || -z $1 ]]; then
	echo "usage: deploy.sh IMAGE | --rollback" >&2
	exit 2
fi
exec 9>.lock
flock --nonblock 9 || {
	echo "another deployment is running" >&2
	exit 1
}

if [[ -e state/nginx/green ]]; then
	active=green idle=blue
elif [[ -n $(setting BLUE_IMAGE) ]]; then
	active=blue idle=green
else
	active='' idle=blue
fi
previous=$(setting "${idle^^}_IMAGE")

if [[ $1 == --rollback ]]; then
	image=$previous
	[[ -n $image ]] || {
		echo "there is no earlier release on this host" >&2
		exit 1
	}
	echo "rolling back to $image as $idle"
else
	image=$1
	echo "deploying $image as $idle"
	docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image"
	docker compose up --detach --wait postgres redis
	IMAGE=$image docker compose run --rm --no-deps migrate
fi

# Not in .env yet: a release that never gets traffic leaves what a rollback needs.
export "${idle^^}_IMAGE=$image"
docker compose up --detach --wait --wait-timeout 120 --no-deps "app-$idle" || give_up "$image does not get ready"
edge
./smoke-test.sh "$idle" || give_up "$image failed the smoke test"
save "${idle^^}_IMAGE" "$image"
switch "$idle"
./smoke-test.sh || {
	[[ -z $active ]] || switch "$active"
	save "${idle^^}_IMAGE" "$previous"
	give_up "$image failed the smoke test at the edge"
}
[[ -z $active ]] || docker compose stop "app-$active"
docker image prune --all --force --filter label=org.opencontainers.image.title=orders --filter until=168h >/dev/null
echo "$(date --utc +%FT%TZ) $idle $image" | tee -a releases.log
