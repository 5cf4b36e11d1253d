"""Copies of the pictures that pages show, and of no others."""

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from handler.cli.output import one_line
from handler.cli.review.forms import given_in
from handler.cli.review.offered import Offered
from handler.cli.review.pictures import SCREEN, CannotBeShown, Pictures, Wished
from handler.cli.thumbnails import MEDIA_TYPE, SIDE
from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject


class PicturePages:
    """Answers with JPEG files."""

    def __init__(self, pictures: Pictures, offered: Offered) -> None:
        self._pictures = pictures
        self._offered = offered

    def thumbnail(self, request: Request) -> Response:
        """Return a small copy of a picture."""
        return self._copy(request, SIDE * 2)  # screens have two pixels where a page has one

    def picture(self, request: Request) -> Response:
        """Return a copy of a picture as large as a screen."""
        return self._copy(request, SCREEN)

    def _copy(self, request: Request, side: int) -> Response:
        query = request.query_params
        name = NamedObject(given_in(query, "bucket"), given_in(query, "key"))
        if name not in self._offered:
            return PlainTextResponse("no page has shown it: load the groups again", status_code=403)
        try:
            copy = self._pictures.get(Wished(ObjectRef(*name), side, query.get("at", "")))
        except CannotBeShown as error:
            return PlainTextResponse(str(error), status_code=404)
        except (BotoCoreError, ClientError) as error:
            return PlainTextResponse(one_line(error), status_code=502)
        return Response(copy, media_type=MEDIA_TYPE)
