"""How the filters, views and check bits of generation `look1` were made, with the pictures and edits they came from."""
