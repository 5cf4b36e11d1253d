"""Answers by HTTP: what a picture matches, and what is known of it, without storing anything."""
