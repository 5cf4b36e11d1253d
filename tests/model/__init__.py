"""A model check of the protocol: the real code, every order of its calls, over services in memory.

`services` says what one call does to one part of DynamoDB, S3 or SNS; `replay` runs the real code up to the calls that
it waits for; `explore` walks through the orders; `scenarios` are the events; `variants` are ways to break the protocol.
"""
