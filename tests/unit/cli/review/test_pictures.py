"""Copies of pictures: remembered within a bound."""

import socket

from handler.cli.review.pictures import Pictures, Wished
from handler.core.model import Limits, ObjectRef
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.cli.conftest import Run


def wished(key: str, modified: str = "") -> Wished:
    return Wished(ObjectRef(BUCKET, key), 480, modified)


def test_copies_are_remembered_until_they_take_too_much_memory() -> None:
    site = FakeDeployment()
    for number in range(6):
        site.put(f"{number}.jpg", jpeg(photo(number)))
    size = len(Pictures(site.pictures, Limits()).get(wished("0.jpg")))
    pictures = Pictures(site.pictures, Limits(), most_bytes=3 * size)

    for number in range(6):
        pictures.get(wished(f"{number}.jpg"))

    assert 0 < pictures.bytes_remembered <= 3 * size
    site.pictures.objects.clear()
    assert pictures.get(wished("5.jpg"))  # the latest


def test_picture_that_was_stored_anew_is_read_anew() -> None:
    site = FakeDeployment()
    site.put("a.jpg", jpeg(photo(1)))
    pictures = Pictures(site.pictures, Limits())
    before = pictures.get(wished("a.jpg", "yesterday"))
    site.put("a.jpg", jpeg(photo(2)))

    assert pictures.get(wished("a.jpg", "yesterday")) == before
    assert pictures.get(wished("a.jpg", "today")) != before


def test_port_that_somebody_has_is_said(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("review", "--function", "f", "--port", port)

    assert (done.status, done.lines) == (2, [])
    assert done.errors == [f"lookalike: port {port} cannot be had: Address already in use: name another with --port"]
