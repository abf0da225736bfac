#!/usr/bin/env bash
# database.sh backup | verify [FILE] | restore FILE | rotate
# FILE is one of backups/; verify takes the newest, fills a database of its own from it, and drops that again.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

database=orders
keep_days=14

postgres() {
	docker compose exec -T postgres "$@"
}

sql() {
	postgres psql --username=postgres --dbname="${2:-postgres}" --set=ON_ERROR_STOP=1 --quiet --tuples-only --no-align --command="$1"
}

# Fills a new database NAME from FILE, with the rights that scripts/postgres-roles.sh gives.
fill() {
	sql "CREATE DATABASE \"$1\" OWNER \"${database}_owner\" TEMPLATE template0"
	sql "REVOKE ALL ON DATABASE \"$1\" FROM PUBLIC"
	sql "GRANT CONNECT, TEMPORARY ON DATABASE \"$1\" TO \"${database}_app\""
	postgres pg_restore --username=postgres --dbname="$1" --exit-on-error --single-transaction <"$2"
	echo "rows restored:"
	sql "SELECT format('  %s: %s', relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), false, true, '')))[1]) FROM pg_stat_user_tables ORDER BY relname" "$1"
}

readable() {
	[[ -r ${1:-} ]] || {
		echo "${1:-no file named}: name a file of backups/" >&2
		exit 2
	}
}

case ${1:-} in
backup)
	file=backups/$database-$(date --utc +%Y%m%dT%H%M%SZ).dump
	postgres pg_dump --username=postgres --format=custom "$database" >"$file.part"
	mv "$file.part" "$file"
	find backups -name "$database-*.dump" -mtime "+$keep_days" -delete
	echo "$file"
	;;
verify)
	newest=$(find backups -name "$database-*.dump" | sort | tail --lines 1)
	file=${2:-$newest}
	readable "$file"
	sql "DROP DATABASE IF EXISTS \"${database}_verify\""
	fill "${database}_verify" "$file"
	sql "DROP DATABASE \"${database}_verify\""
	echo "$file restores"
	;;
restore)
	readable "${2:-}"
	stamp=$(date --utc +%Y%m%d%H%M%S)
	fill "${database}_$stamp" "$2"
	# The service connects again by itself; what was there stays until somebody drops it.
	sql "ALTER DATABASE \"$database\" WITH ALLOW_CONNECTIONS false"
	sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '$database'" >/dev/null
	sql "ALTER DATABASE \"$database\" RENAME TO \"${database}_before_$stamp\""
	sql "ALTER DATABASE \"${database}_$stamp\" RENAME TO \"$database\""
	echo "restored; the database of before is now ${database}_before_$stamp"
	;;
rotate)
	for role in app owner; do
		case $role in app) file=secrets/database_password ;; owner) file=secrets/database_owner_password ;; esac
		password=$(od --address-radix=n --format=x1 --read-bytes=32 /dev/urandom | tr --delete ' \n')
		postgres psql --username=postgres --dbname=postgres --set=ON_ERROR_STOP=1 --quiet <<-END
			ALTER ROLE "${database}_$role" PASSWORD '$password';
		END
		# In place: containers hold this very file. The service reads it for each new connection.
		chmod u+w "$file"
		echo "$password" >"$file"
		chmod u-w "$file"
	done
	echo "passwords changed; open connections go on"
	;;
*)
	echo "usage: database.sh backup | verify [FILE] | restore FILE | rotate" >&2
	exit 2
	;;
esac
