"""Remember each view's last sort order in a cookie such as `mine=newest&all=priority`.

By default a view is sorted by what is due first; an archive by newest first.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import Response, after_this_request, request

from app.domain.threads.sorting import ListSort

COOKIE = "orders"
DAYS = 400
ARCHIVES = frozenset({"all", "resolved", "spam", "snoozed", "unsent"})


def remembered_sort(view: str) -> ListSort:
    """Return the sort order of a view if the URL names none: the remembered one, otherwise the default."""
    kept = _kept().get(view)
    return kept or (ListSort.NEWEST if view in ARCHIVES else ListSort.DUE)


def remember_sort(view: str, sort: ListSort) -> None:
    """Set the cookie with this view's sort order on the response."""
    kept = {**_kept(), view: sort}

    @after_this_request
    def _set(response: Response) -> Response:
        is_secure = request.is_secure
        response.set_cookie(COOKIE, urlencode(kept), max_age=DAYS * 86_400, httponly=True, samesite="Lax", secure=is_secure)
        return response


def _kept() -> dict[str, ListSort]:
    pairs = parse_qsl(request.cookies.get(COOKIE, "")[:2000])
    return {view[:20]: ListSort(sort) for view, sort in pairs if sort in set(ListSort)}
