"""`GET /v1/pictures`: what is known of an object."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image

from handler.indexing import Indexer
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)
OF_THE_ARTICLE = {"version", "width", "height", "format", "etag", "phash"}


def pictures_phash(body: bytes) -> str:
    """By the software that named it."""
    return str(imagehash.phash(Image.open(io.BytesIO(body))))


def test_indexed_object_is_told_with_its_views_and_phash(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    told = ask.picture(f"bucket={BUCKET}&key=cat.jpg").document

    assert told.keys() >= OF_THE_ARTICLE
    assert (told["outcome"], told["from"], told["scope"], told["reason"]) == ("indexed", "index", "*", None)
    assert (told["width"], told["height"], told["format"]) == (*Image.open(io.BytesIO(jpeg(CAT))).size, "JPEG")
    assert told["views"]["whole"] == told["hash"]
    assert len(told["views"]) == 14
    assert (told["phash"], told["phash_from"]) == (pictures_phash(jpeg(CAT)), "object")


def test_object_that_was_replaced_is_told_as_it_is_now(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    deployment.put("cat.jpg", jpeg(near_copy(CAT)))  # whose event has not come yet

    told = ask.picture(f"bucket={BUCKET}&key=cat.jpg").document

    assert (told["outcome"], told["from"], told["phash"]) == (None, "object", pictures_phash(jpeg(near_copy(CAT))))


def test_object_that_the_index_does_not_know_is_read(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.put("new.jpg", jpeg(CAT))

    told = ask.picture(f"bucket={BUCKET}&key=new.jpg").document

    assert (told["outcome"], told["from"], told["format"]) == (None, "object", "JPEG")


def test_object_that_was_rejected_is_told_with_the_reason(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.upload("text.jpg", b"no picture")

    answer = ask.picture(f"bucket={BUCKET}&key=text.jpg")

    assert (answer.status, answer.document["outcome"], answer.document["hash"]) == (200, "rejected", None)
    assert answer.document["reason"].startswith("unsupported: ")


@pytest.mark.parametrize("generation", ["phash1", "look1"])
def test_phash_comes_from_the_index_where_a_generation_has_it(generation: str, deployment: FakeDeployment) -> None:
    deployment.generation = generation
    deployment.max_looks = 0
    indexer: Indexer = FakeDeployment(
        pictures=deployment.pictures, catalog=deployment.catalog, generation="phash1"
    ).indexer()
    ref = deployment.put("cat.jpg", jpeg(CAT))
    deployment.function().created(ref)
    if generation != "phash1":
        indexer.index(ref)
    also = None if generation == "phash1" else "phash1"

    told = Asker(deployment, lambda: deployment.asking(also)).picture(f"bucket={BUCKET}&key=cat.jpg").document

    assert (told["phash"], told["phash_from"]) == (pictures_phash(jpeg(CAT)), "index")


def test_key_may_have_any_characters(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.upload("ü & 100%+?.jpg", jpeg(CAT))

    told = ask.picture(f"key=%C3%BC+%26+100%25%2B%3F.jpg&bucket={BUCKET}").document

    assert told["key"] == "ü & 100%+?.jpg"


def test_picture_without_content_is_told_as_flat(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.upload("blank.jpg", jpeg(Image.fromarray(np.full((64, 64, 3), 255, np.uint8))))

    assert ask.picture(f"bucket={BUCKET}&key=blank.jpg").document["flat"] is True
