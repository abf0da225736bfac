#!/usr/bin/env bash
# certificate.sh self-signed | request | renew
# The site's certificate: one of our own for a first try, or one from Let's Encrypt, kept current by a timer.
set -euo pipefail
cd "$(dirname "$0")"

setting() {
	sed -n "s/^$1=//p" .env
}

certbot() {
	docker compose run --rm --user "$(id -u):$(id -g)" certbot "$@" --work-dir /tmp/work --logs-dir /tmp/logs
}

# Gives nginx what certbot has.
take() {
	cmp --silent state/letsencrypt/live/service/fullchain.pem state/nginx/fullchain.pem && return
	install -m 0444 state/letsencrypt/live/service/{fullchain,privkey}.pem state/nginx
	docker compose exec edge nginx -c /etc/nginx/service/nginx.conf -s reload
}

domain=$(setting DOMAIN)
case ${1:-} in
self-signed)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 90 \
		-subj "/CN=$domain" -addext "subjectAltName=DNS:$domain,DNS:localhost,IP:127.0.0.1" \
		-keyout state/nginx/privkey.pem -out state/nginx/fullchain.pem 2>/dev/null
	chmod 0444 state/nginx/*.pem
	;;
request)
	certbot certonly --webroot --webroot-path /var/www/acme --domain "$domain" --cert-name service \
		--non-interactive --agree-tos --email "$(setting ACME_EMAIL)" \
		--server "${ACME_SERVER:-https://acme-v02.api.letsencrypt.org/directory}"
	take
	;;
renew)
	[[ -e state/letsencrypt/live/service ]] || {
		echo "nothing to renew before certificate.sh request"
		exit
	}
	certbot renew --non-interactive --quiet
	take
	;;
*)
	echo "usage: certificate.sh self-signed|request|renew" >&2
	exit 2
	;;
esac
