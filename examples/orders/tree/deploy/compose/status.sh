#!/usr/bin/env bash
# What runs on this host, since when, and for how long its certificate and its disk will do.
set -euo pipefail
cd "$(dirname "$0")"

docker compose ps --all
echo
echo "releases:"
tail --lines 5 releases.log
echo
openssl x509 -in state/nginx/fullchain.pem -noout -subject -issuer -enddate
echo
df --human-readable . /var/lib/docker 2>/dev/null || df --human-readable .
