-- Up Migration
CREATE TABLE items (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  description text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);

-- Answers to POST, kept for clients that did not get them and ask again.
CREATE TABLE idempotency_keys (
  key text PRIMARY KEY,
  fingerprint bytea NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Down Migration
DROP TABLE idempotency_keys;

DROP TABLE items;
