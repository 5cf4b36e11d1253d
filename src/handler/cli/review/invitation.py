"""How a browser is let in that the command starts: by a code that opens the page once, in a file of the user's own.

What a program is started with can be read by every user of a machine, while it runs. So the browser is given the name
of a file, which nobody else may read, and the file sends the code.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

OPEN = "/open"  # where the code is sent to
CODE = "code"  # the field that has it
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<title>Lookalike</title>
<form method="post" action="{address}"><input type="hidden" name="{name}" value="{code}">
<button>Open the page</button></form>
<script>document.forms[0].submit()</script>
</html>
"""


class Invitation:
    """A code that is good for one time."""

    def __init__(self) -> None:
        self.code = secrets.token_urlsafe(32)
        self._is_open = True
        self._file: Path | None = None

    def accepts(self, given: str) -> bool:
        """Whether *given* is the code, and comes for the first time: then it is good no more, and its file is gone."""
        if not self._is_open or not secrets.compare_digest(given.encode(), self.code.encode()):
            return False
        self._is_open = False
        if self._file:
            self._file.unlink(missing_ok=True)
        return True

    @contextmanager
    def written(self, origin: str) -> Iterator[Path]:
        """Write a page that opens the one at *origin*, for this user alone; yield its name, and remove it in the end.

        Raises OSError.
        """
        with TemporaryDirectory(prefix="lookalike-", ignore_cleanup_errors=True) as folder:  # of mode 0700
            self._file = Path(folder, "open.html")
            page = _PAGE.format(address=escape(origin + OPEN), name=CODE, code=self.code)
            with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(page)
            yield self._file
