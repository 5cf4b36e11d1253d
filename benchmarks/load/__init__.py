"""Many uploads, or many pictures, at once."""
