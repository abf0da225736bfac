#!/bin/sh
# Runs once, when the server makes its database. Migrations connect as the owner; the service connects
# as a role that reads and writes rows but cannot change the schema.
set -eu

# In production each role has a password of its own, in a file.
password() {
	if [ -n "$1" ]; then cat "$1"; else echo "$POSTGRES_PASSWORD"; fi
}

psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
	--set=database="$POSTGRES_DB" \
	--set=owner="${POSTGRES_DB}_owner" \
	--set=owner_password="$(password "${OWNER_PASSWORD_FILE:-}")" \
	--set=app="${POSTGRES_DB}_app" \
	--set=app_password="$(password "${APP_PASSWORD_FILE:-}")" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN PASSWORD :'app_password';
ALTER DATABASE :"database" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"app";
SQL
