"""Call Fillout's REST API: check that the form exists, list its submissions."""

from __future__ import annotations

from typing import Any

from app.contract.forms import FormsFailure, SubmissionPage
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint, shape_of
from app.core.text import mark as N_

PAGE = 150
EU_BASE_URL = "https://eu-api.fillout.com/v1/api"
MOST_BYTES = 20 * 1024 * 1024
_WORDS_OF_PATHS = ("forms", "submissions")
_WORDS = {
    401: N_("Fillout rejected this API key."),
    403: N_("This API key has no access to the form."),
    404: N_("Fillout has no form with this ID."),
    429: N_("Fillout rate limit reached: too many requests."),
}
NO_ANSWER = N_("Fillout is unreachable or sent an invalid response.")


class Fillout:
    """Client of Fillout's REST API, thread-safe. `base_url` has no slash at its end; `account` is the id of the integration."""

    page_size = PAGE

    def __init__(self, http: HttpClient, base_url: str, api_key: str, *, account: str = "") -> None:
        self._http = http
        self._account = account
        self._base_url = base_url
        self._api_key = api_key

    def form_name(self, form_id: str) -> str:
        """Return the form's name. Raises FormsFailure."""
        return str(self._get(f"/forms/{form_id}", {}).get("name") or "")

    def submissions(self, form_id: str, *, after: str, offset: int) -> SubmissionPage:
        """Return one page of finished submissions, oldest first. `offset` is how many to skip. Raises FormsFailure.

        `after` (ISO 8601) leaves out submissions finished before that time; "" returns all.
        """
        asked = {"limit": str(PAGE), "offset": str(offset), "sort": "asc", "status": "finished"}
        found = self._get(f"/forms/{form_id}/submissions", {**asked, **({"afterDate": after} if after else {})})
        responses, total = found.get("responses"), found.get("totalResponses")
        if not isinstance(responses, list) or type(total) is not int:
            raise FormsFailure(NO_ANSWER, is_ours=False)
        return SubmissionPage(tuple(one for one in responses if isinstance(one, dict)), total)

    def _get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._http.request(
                "GET",
                f"{self._base_url}{path}",
                called=Endpoint("fillout", f"GET {shape_of(path, _WORDS_OF_PATHS)}", self._account),
                params=params,
                headers={"Authorization": f"Bearer {self._api_key}"},
                deadline=30,
                max_bytes=MOST_BYTES,
            )
        except HttpFailure as failure:
            raise FormsFailure(NO_ANSWER, is_ours=False) from failure
        return _read(answer)


def _read(answer: HttpResponse) -> dict[str, Any]:
    if not answer.ok:
        raise FormsFailure(_WORDS.get(answer.status, NO_ANSWER), is_ours=answer.status in (401, 403, 404))
    try:
        found = answer.json()
    except ValueError as error:
        raise FormsFailure(NO_ANSWER, is_ours=False) from error
    if not isinstance(found, dict):
        raise FormsFailure(NO_ANSWER, is_ours=False)
    return found
