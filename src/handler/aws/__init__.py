"""One adapter per AWS service or table: they translate and carry, and make no decisions."""
