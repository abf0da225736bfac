#!/usr/bin/env bash
# setup.sh [DOMAIN [E-MAIL [ENVIRONMENT]]]: the first thing on a new host. Makes settings, secrets, a first certificate and the
# timers for what has to happen regularly. Changes nothing that is there, so it may run again.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

secret() {
	[[ -e secrets/$1 ]] || install -m 0444 /dev/stdin "secrets/$1" <<<"$2"
}

random() {
	od --address-radix=n --format=x1 --read-bytes=32 /dev/urandom | tr --delete ' \n'
}

# These folders keep others out; what is in them is readable for the containers, which run as other users.
install -d -m 0700 backups secrets state
install -d -m 0755 state/acme state/letsencrypt state/nginx

secret postgres_password "$(random)"

redis_password=$(random)
secret redis_conf "requirepass $redis_password"
secret redis_url "redis://:$redis_password@redis:6379"

secret database_owner_password "$(random)"
secret database_password "$(random)"

if [[ ! -e .env ]]; then
	cat >.env <<-END
		APP_ENV=${3:-production}
		DOMAIN=${1:-orders.example.com}
		ACME_EMAIL=${2:-}
		HTTP_PORT=${HTTP_PORT:-80}
		HTTPS_PORT=${HTTPS_PORT:-443}
	END
fi
domain=$(sed -n 's/^DOMAIN=//p' .env)
install -m 0444 /dev/stdin state/nginx/server-name.conf <<<"server_name $domain;"
[[ -e state/nginx/fullchain.pem ]] || ./certificate.sh self-signed

if [[ $PWD != "$HOME/orders/deploy/compose" ]]; then
	echo "no timers here: they are for ~/orders on the host" >&2
elif systemctl --user show-environment >/dev/null 2>&1; then
	for unit in systemd/*; do
		install -D -m 0644 "$unit" "$HOME/.config/systemd/user/orders-${unit#systemd/}"
	done
	systemctl --user daemon-reload
	for timer in systemd/*.timer; do
		systemctl --user enable --now "orders-${timer#systemd/}"
	done
	loginctl enable-linger ||
		echo "timers run while $USER is logged in, until root does: loginctl enable-linger $USER" >&2
else
	echo "no systemd for this user: run what the units in systemd/ run by other means" >&2
fi
echo "$domain is set up in $PWD: look at .env and app.env, then deploy"
