"""/prefect: where a sign-in leads whoever wanted Prefect's pages; the step over to the front's own address."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages


def prefect_routes(context: PageContext, pages: Pages) -> list[Route]:
    """/prefect and everything below it, the same below the front's address."""

    def over(request: Request) -> Response:
        # A page, not a redirect: a form's answer may not lead to another origin (Content-Security-Policy, form-action).
        path = quote(request.path_params.get("path", ""), safe="/._-")
        query = quote(request.url.query, safe="=&%+._:-")
        address = f"{context.settings.prefect_url}/{path}" + (f"?{query}" if query else "")
        return pages.render("prefect.html", address=address)

    return [Route("/prefect", gated("runs", over)), Route("/prefect/{path:path}", gated("runs", over))]
