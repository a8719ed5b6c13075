"""The index's page and the plan's pictures; every chart is a served image with its text and a table beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dondoc.reports.pictures import heat_map_words, timeline_words
from portal.office.boards import Board, Boards
from portal.office.status_marks import TONES
from portal.reports.index_view import index_view
from portal.reports.plan_pictures import counted, heat_map_of, timeline_of
from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages
from tasks.reports.charts import heat_map_chart, timeline_chart, trend_chart

_KEPT = 16
# Only its own styles, and nothing that could run, also when the picture is opened by itself.
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


class _Drawn:
    """The latest pictures by what they show: drawn once."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, bytes] = {}
        self._lock = threading.Lock()

    def of(self, shown: Hashable, draw: Callable[[], bytes]) -> Response:
        """The picture of `shown`, as SVG."""
        with self._lock:
            content = self._kept.get(shown)
        if content is None:
            content = draw()
            with self._lock:
                while len(self._kept) >= _KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[shown] = content
        return Response(content, media_type="image/svg+xml", headers={"Content-Security-Policy": _PICTURE_POLICY})


def index_routes(context: PageContext, pages: Pages, boards: Boards) -> list[Route]:
    """/chi-so and /bieu-do with their pictures."""
    drawn = _Drawn()

    def words() -> dict[str, str]:
        found: dict[str, str] = context.words["pictures"]
        return found

    def legend() -> dict[str, str]:
        return {tone: words()[tone] for tone in TONES}

    def index(request: Request) -> HTMLResponse:
        view = index_view(context, request.query_params.get("plan", ""), request.query_params.get("thang", ""))
        if view is None:
            return pages.render("index_empty.html")
        return pages.render("index.html", view=view)

    def trend(request: Request) -> Response:
        view = index_view(context, request.query_params.get("plan", ""), "")
        if view is None:
            raise HTTPException(404)
        return drawn.of(view.trend, lambda: trend_chart(view.trend))

    def board(request: Request) -> Board:
        found = boards.of(request.query_params.get("plan", ""))
        if found is None:
            raise HTTPException(404)
        return found

    def charts(request: Request) -> HTMLResponse:
        found = boards.of(request.query_params.get("plan", ""))
        if found is None:
            return pages.render("board_empty.html")
        said = words()
        timeline, heat = timeline_of(found, said, legend()), heat_map_of(found, context.rules.office, said)  # type: ignore[arg-type]
        return pages.render(
            "charts.html",
            snapshot=found,
            timeline=timeline,
            timeline_alt=timeline_words(timeline, said["words"], said["row"]),
            timeline_rows=counted(timeline),
            heat=heat,
            heat_alt=heat_map_words(heat, said["words"], said["cells"]),
            legend=legend(),
        )

    def timeline(request: Request) -> Response:
        found = board(request)
        key = ("timeline", found.plan.id, found.seq, found.today)
        return drawn.of(key, lambda: timeline_chart(timeline_of(found, words(), legend())))  # type: ignore[arg-type]

    def heat(request: Request) -> Response:
        found = board(request)
        key = ("heat", found.plan.id, found.seq, found.today)
        return drawn.of(key, lambda: heat_map_chart(heat_map_of(found, context.rules.office, words())))

    return [
        Route("/chi-so", gated("board", index)),
        Route("/chi-so/xu-huong.svg", gated("board", trend)),
        Route("/bieu-do", gated("board", charts)),
        Route("/bieu-do/thoi-gian.svg", gated("board", timeline)),
        Route("/bieu-do/don-vi.svg", gated("board", heat)),
    ]
