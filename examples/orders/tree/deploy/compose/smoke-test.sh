#!/usr/bin/env bash
# smoke-test.sh [COLOUR]: is the release any good? Asks one colour that has no traffic yet, or the site through its edge.
# Yours to extend: one request for each thing that must never break.
set -euo pipefail
cd "$(dirname "$0")"

colour=${1:-}
domain=$(sed -n 's/^DOMAIN=//p' .env)
port=$(sed -n 's/^HTTPS_PORT=//p' .env)

status() {
	if [[ -n $colour ]]; then
		docker compose exec -T edge curl "${options[@]}" "http://app-$colour:3000$1"
	else
		curl "${options[@]}" --resolve "$domain:$port:127.0.0.1" --cacert state/nginx/fullchain.pem "https://$domain:$port$1"
	fi
}
options=(--silent --show-error --max-time 10 --output /dev/null --write-out '%{http_code}')

# expect STATUS PATH
expect() {
	local got
	got=$(status "$2") || true
	[[ $got == "$1" ]] || {
		echo "smoke test: $2 answered $got, not $1" >&2
		exit 1
	}
}

expect 200 /ready
expect 200 /openapi.json
expect 200 '/api/v1/items?limit=1'
if [[ -z $colour ]]; then
	expect 404 /health
	expect 404 /metrics
fi
echo "smoke test passed"
