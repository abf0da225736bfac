#!/usr/bin/env bash
# on-host.sh COMMAND [ARGUMENT…]: runs a script of deploy/compose on the host DEPLOY_HOST (user@host, over SSH), or here
# when that is not set. The host gets the committed state of what it needs in ~/orders, and keeps the rest.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${DEPLOY_HOST:-} ]]; then
	cd deploy/compose
	exec "./$1" "${@:2}"
fi
git archive HEAD deploy/compose scripts |
	ssh "$DEPLOY_HOST" 'mkdir -p orders && tar --extract --directory orders'
printf 'cd orders/deploy/compose && exec ./%s </dev/null' "$(printf '%q ' "$@")" | ssh "$DEPLOY_HOST" bash -s
