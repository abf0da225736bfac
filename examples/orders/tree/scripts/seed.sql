-- `make seed`: sample data for development. Run again, it changes nothing.
INSERT INTO items (id, name, description)
VALUES
  ('019a0000-0000-7000-8000-000000000001', 'First item', 'What the list starts with'),
  ('019a0000-0000-7000-8000-000000000002', 'Second item', NULL),
  ('019a0000-0000-7000-8000-000000000003', 'Third item', 'Unicode too: žluťoučký kůň 🐎')
ON CONFLICT (id) DO NOTHING;
