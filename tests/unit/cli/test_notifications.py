"""A bucket's notifications are written back whole, or not at all."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config as ClientConfig

from handler.cli.notifications import Destination, Disturbed, WouldLose, read, switch

ROOT = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</NotificationConfiguration>'
QUEUE = (
    "<QueueConfiguration><Id>thumbnails</Id><Queue>arn:aws:sqs:eu-west-1:111122223333:thumbnails</Queue>"
    "<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event><Filter><S3Key>"
    "<FilterRule><Name>Prefix</Name><Value>in/ä &amp; b/</Value></FilterRule>"
    "<FilterRule><Name>Suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter></QueueConfiguration>"
)
FUNCTION = (
    "<CloudFunctionConfiguration><Id>f</Id><CloudFunction>arn:aws:lambda:eu-west-1:111122223333:function:f:live"
    "</CloudFunction><Event>s3:ObjectTagging:*</Event></CloudFunctionConfiguration>"
)
TOPIC = (
    "<TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:eu-west-1:111122223333:t</Topic>"
    "<Event>s3:ReducedRedundancyLostObject</Event></TopicConfiguration>"
)
ON = "<EventBridgeConfiguration></EventBridgeConfiguration>"


class Bucket:
    """What S3 answers about the notifications of one bucket."""

    def __init__(self) -> None:
        self.body = ROOT.format("")
        self.put: list[tuple[str, dict[str, str]]] = []  # the bodies and headers of what was written
        self.after_put: Callable[[], None] = lambda: None


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def s3(bucket: Bucket) -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(bucket.body.encode())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            bucket.put.append((body, {name.lower(): value for name, value in self.headers.items()}))
            bucket.body = body
            bucket.after_put()
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=ClientConfig(proxies={}, retries={"total_max_attempts": 1}),
    )
    server.shutdown()
    server.server_close()
    thread.join()


def test_bucket_without_any_notifies_nobody(s3: Any) -> None:
    found = read(s3, "photos")

    assert (found.eventbridge, found.destinations) == (False, [])


def test_every_destination_is_told(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE + FUNCTION + TOPIC + ON)

    found = read(s3, "photos")

    assert found.eventbridge
    account = "eu-west-1:111122223333"
    assert found.destinations == [
        Destination(
            "queue",
            f"arn:aws:sqs:{account}:thumbnails",
            ("s3:ObjectCreated:*", "s3:ObjectRemoved:*"),
            ("prefix in/ä & b/", "suffix .jpg"),
        ),
        Destination("topic", f"arn:aws:sns:{account}:t", ("s3:ReducedRedundancyLostObject",), ()),
        Destination("function", f"arn:aws:lambda:{account}:function:f:live", ("s3:ObjectTagging:*",), ()),
    ]


def test_all_others_are_written_back_as_they_were(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE + FUNCTION + TOPIC)
    before = read(s3, "photos")

    switch(s3, "photos", before, on=True)

    after = read(s3, "photos")
    assert after.eventbridge
    assert before.elements <= after.elements
    assert [one.name for one in (after.elements - before.elements).elements()] == ["EventBridgeConfiguration"]
    ((_, headers),) = bucket.put
    assert headers["x-amz-skip-destination-validation"].lower() == "true"  # nobody is sent a test event

    switch(s3, "photos", after, on=False)

    assert read(s3, "photos") == before


@pytest.mark.parametrize(
    "unknown",
    [
        "<KafkaConfiguration><Id>k</Id></KafkaConfiguration>",
        QUEUE.replace("<Id>", "<Priority>1</Priority><Id>"),
        QUEUE.replace("</S3Key>", "</S3Key><S3Metadata><Name>a</Name></S3Metadata>"),
        QUEUE.replace("<Id>", '<Id lang="en">'),
        "<EventBridgeConfiguration><Detail>full</Detail></EventBridgeConfiguration>",
    ],
)
def test_what_boto3_does_not_know_is_never_written_over(unknown: str, s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(FUNCTION + unknown)

    with pytest.raises(WouldLose, match="parts that this version does not know"):
        read(s3, "photos")


def test_change_before_writing_is_noticed(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE)
    before = read(s3, "photos")
    bucket.body = ROOT.format(QUEUE + FUNCTION)

    with pytest.raises(Disturbed, match="nothing was written"):
        switch(s3, "photos", before, on=True)
    assert bucket.put == []


def test_another_order_is_no_change(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE + FUNCTION)
    before = read(s3, "photos")
    bucket.body = ROOT.format(FUNCTION + QUEUE)

    switch(s3, "photos", before, on=True)

    assert len(bucket.put) == 1


def test_change_at_the_moment_of_writing_is_told(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE)
    before = read(s3, "photos")

    def overwrite() -> None:
        bucket.body = ROOT.format(QUEUE + FUNCTION)

    bucket.after_put = overwrite

    with pytest.raises(Disturbed, match="somebody else wrote them at the same moment"):
        switch(s3, "photos", before, on=True)


@pytest.mark.parametrize("late", [1, 4])
def test_change_that_is_seen_late_is_waited_for(late: int, s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE)
    before = read(s3, "photos")
    written = list[str]()

    def hide() -> None:
        written.append(bucket.body)
        bucket.body = ROOT.format(QUEUE)

    def show(_seconds: float) -> None:
        written.append("")
        if len(written) > late:
            bucket.body = written[0]

    bucket.after_put = hide

    switch(s3, "photos", before, on=True, pause=show)

    assert read(s3, "photos").eventbridge


def test_change_that_is_never_seen_is_told(s3: Any, bucket: Bucket) -> None:
    bucket.body = ROOT.format(QUEUE)
    before = read(s3, "photos")

    def hide() -> None:
        bucket.body = ROOT.format(QUEUE)

    bucket.after_put = hide

    with pytest.raises(Disturbed, match="S3 still shows its notifications as they were"):
        switch(s3, "photos", before, on=True, pause=lambda _seconds: None)
