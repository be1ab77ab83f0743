"""The test of a saved profile, and the stages of any test as they happen."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from profiles.errors import ProfileError
from profiles.page import trying
from profiles.page.endpoints import ROOT, profile_id_of
from profiles.page.parts import ProfileParts
from profiles.page.shell.notices import Tone
from profiles.page.trials import TooManyTrials
from profiles.trying_out import services_of


def begin_test(parts: ProfileParts, request: Request, sent: Mapping[str, str]) -> Response:
    """Begin a test of a profile as it is saved, and lead to its stages; what it comes to is kept."""
    profile = parts.store.get(profile_id_of(request))
    try:
        credentials = {service: parts.store.credential(profile, service) for service in services_of(profile)}
        trial = trying.begin(parts, request, trying.Asked(profile, credentials), keep_result=True)
    except (TooManyTrials, ProfileError) as error:
        return parts.pages.go(request, ROOT, str(error), Tone.BAD)
    return parts.pages.go(request, f"{ROOT}/tests/{trial.id}")


def show_test(parts: ProfileParts, request: Request) -> Response:
    """Show a test as far as it is: a whole page, or for a page that watches the stages alone.

    A page that watches says how many stages it has seen; while there is no more, it is told nothing.
    """
    trial = parts.trials.find(parts.owner(request), request.path_params["trial_id"])
    if trial is None:
        raise HTTPException(404, "This test is no longer kept.")
    if request.headers.get("HX-Request") != "true":
        return parts.pages.show(request, "profiles/test.html", trial=trial)
    if trial.is_running and request.query_params.get("seen") == str(len(trial.stages)):
        return Response(status_code=204)
    return parts.pages.show(request, "profiles/test_part.html", trial=trial)
