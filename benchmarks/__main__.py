"""`python -m benchmarks PART`: measure, and print tables, with the machine and the date."""

import os
import sys

from training.parts import Part, main

PARTS = {
    "quality: which pictures are found": {
        "edited-copies": Part(
            "benchmarks.quality.edited_copies",
            "which edited copies look1 finds, and other hashes find; twenty minutes, downloads pictures",
        ),
        "told": Part(
            "benchmarks.quality.told",
            "what a user is told of copies and of different pictures, beside the bars; twenty minutes",
        ),
        "crops": Part(
            "benchmarks.quality.crops", "which crops are told, by place and by how much is kept; two minutes"
        ),
        "nearly-blank": Part(
            "benchmarks.quality.nearly_blank",
            "how many nearly blank pictures are recognised as such, and how many match",
        ),
        "looks": Part(
            "benchmarks.quality.looks",
            "what a look at the pixels says of edited copies, strangers and pictures that only look alike; ten minutes",
        ),
        "kinds": Part("benchmarks.quality.kinds", "draws a picture of each kind of match; a second"),
        "strangers": Part(
            "benchmarks.quality.strangers",
            "what Effort and Orientations cost: comparisons, and strangers that are read and looked at; five minutes",
        ),
        "bands": Part(
            "benchmarks.quality.bands", "how many near hashes one 16-bit prefix finds, and how many four bands do"
        ),
    },
    "cost: what an upload asks of AWS": {
        "search": Part(
            "benchmarks.cost.search",
            "requests, units, CPU, memory and dollars of an upload, projected to a billion pictures",
        ),
        "packs": Part(
            "benchmarks.cost.packs", "what a new instance reads of a journal, by how large packs are; a second"
        ),
        "items": Part("benchmarks.cost.items", "what one upload stores: bytes and write units of each item"),
        "counts": Part("benchmarks.cost.counts", "what one upload takes, beside what the bill reckons with"),
        "bill": Part("benchmarks.cost.bill", "what a month costs, all in, by uploads and by how much is stored"),
        "scopes": Part(
            "benchmarks.cost.scopes", "how many pictures fit one scope, by memory, time and dollars; seconds"
        ),
        "spread": Part(
            "benchmarks.cost.spread", "what searches spread over several functions would take and cost; a simulation"
        ),
    },
    "load: many at once": {
        "uploads": Part(
            "benchmarks.load.uploads", "uploads to a deployment at a fixed rate, beside a function that does nothing"
        ),
        "contention": Part(
            "benchmarks.load.contention", "what many instances that append to one journal cost each other"
        ),
        "herd": Part(
            "benchmarks.load.herd",
            "1,000 uploads at once, each to a new instance, where AWS throttles; virtual time; ten minutes",
        ),
        "pairs": Part("benchmarks.load.pairs", "`lookalike pairs` for 10,000 pictures, beside decoding them alone"),
        "copies": Part(
            "benchmarks.load.copies", "`lookalike pairs` where many pictures have copies, beside hashing them"
        ),
    },
    "micro: one step by itself": {
        "cold-import": Part("benchmarks.micro.cold_import", "what a cold start imports, beside boto3 alone"),
        "hashing": Part("benchmarks.micro.hashing", "decoding and hashing 12 megapixels, beside other libraries"),
        "looking": Part("benchmarks.micro.looking", "an upload with a match that is looked at, beside one without"),
        "parsing": Part("benchmarks.micro.parsing", "parsing DynamoDB's answers, beside botocore"),
        "comparing": Part("benchmarks.micro.comparing", "comparing hashes in memory, beside FAISS and a BK-tree"),
    },
}

if __name__ == "__main__":
    # As in the function and the command: arrays are small, and a part that uses all processors has one process on each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(
        main(
            "python -m benchmarks",
            "Measure on this machine, and print tables. All servers are on 127.0.0.1; nothing reaches AWS.",
            PARTS,
        )
    )
