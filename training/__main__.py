"""`python -m training PART`: make what generation `look1` is made of, or print how it was chosen."""

import sys

from training.parts import Part, main

PARTS = {
    "generation look1": {
        "filters": Part("training.filters", "train the filters again, and write them into the core"),
        "views": Part("training.views", "what each view adds to those before it"),
        "check-bits": Part("training.check_bits", "how well each number of check bits tells pictures apart"),
    },
}

if __name__ == "__main__":
    sys.exit(
        main(
            "python -m training",
            "Train and choose what generation look1 computes, on pictures that `apt-get download` brings.",
            PARTS,
        )
    )
