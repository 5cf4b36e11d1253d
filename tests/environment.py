"""The environment of a function that is configured well."""

GOOD = {
    "BUCKET_TABLE": "buckets",
    "PICTURE_TABLE": "pictures",
    "PACKS_BUCKET": "packs",
    "JOURNAL_MEMORY": "512",
    "JOURNAL_SHARDS": "1",
    "TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:lookalike",
    "GENERATION": "look1",
    "RADIUS": "10",
    "ALSO_GENERATION": "",
    "ORIENTATIONS": "all",
    "EFFORT": "quick",
    "MAX_MATCHES": "20",
    "MAX_LOOKS": "",
    "TELL": "altered",
    "LISTS": "",
    "PRIORITY": "",
    "SCOPE_DEPTH": "0",
    "MAX_BYTES": "20971520",
    "MAX_PIXELS": "50000000",
    "ENDPOINT_URL": "",
}
