"""Lookalike's Lambda function: announce the near-duplicates of every picture that lands in a bucket.

An object-created event makes it read the picture, fingerprint it, write the hash under 16-bit prefix
buckets, find every live picture within the radius, and publish one message when there are any. An
object-removed event makes the object stop answering. Read `app` for the entry, `dedup` for the protocol.
"""
