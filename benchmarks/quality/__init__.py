"""Which pictures are found, and which are taken for others."""
