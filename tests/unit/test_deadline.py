"""When an invocation has little of its time left."""

import pytest

from handler.deadline import Allotted

BEGIN, TIMEOUT_S = 1000.0, 30.0


@pytest.mark.parametrize(
    ("took_s", "left_ms"), [(0.0, None), (15.0, None), (26.9, None), (27.5, 2500), (29.9, 100), (30.0, 0), (31.0, 0)]
)
def test_little_is_left_once_nine_tenths_are_over(took_s: float, left_ms: int | None) -> None:
    allotted = Allotted(BEGIN, BEGIN + TIMEOUT_S)

    assert allotted.little_left_ms(BEGIN + took_s) == left_ms
