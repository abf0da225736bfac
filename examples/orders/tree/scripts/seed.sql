-- `make seed`: sample data for development. Run again, it changes nothing.
INSERT INTO items (id, name, description, created_at, updated_at)
VALUES
  ('019a0000-0000-7000-8000-000000000001', 'First item', 'What the list starts with', now(), now()),
  ('019a0000-0000-7000-8000-000000000002', 'Second item', NULL, now(), now()),
  ('019a0000-0000-7000-8000-000000000003', 'Third item', 'Unicode too: žluťoučký kůň 🐎', now(), now())
ON CONFLICT (id) DO NOTHING;
