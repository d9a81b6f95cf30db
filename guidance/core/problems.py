"""Errors as problem details (RFC 9457): what went wrong, where, and what to do."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


def problem(
    status: int, detail: str, *, code: str = "", errors: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return a problem document; `errors` names each offending field and what is wrong with it."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if code:
        document["code"] = code
    if errors:
        document["errors"] = errors
    return document


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem document; unknown errors are logged and say 500."""
    set_rollback()
    if isinstance(exc, Http404):
        exc = exceptions.NotFound(_("Nothing lives at this address."))
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        return _response(problem(413, _("The body is larger than allowed."), code="too_large"))
    if not isinstance(exc, exceptions.APIException):
        logger.exception("Unhandled error in %s", type(context.get("view")).__name__)
        return _response(problem(500, _("Something broke on our side; it was recorded.")))
    headers = {}
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if auth := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    return _response(_from_api_exception(exc), headers)


def _from_api_exception(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        errors = _field_errors(exc.detail)
        return problem(400, _("Some fields are not valid."), code="invalid", errors=errors)
    code = exc.get_codes()
    return problem(exc.status_code, str(exc.detail), code=code if isinstance(code, str) else "")


def _field_errors(detail: Any, path: str = "") -> list[dict[str, Any]]:
    if isinstance(detail, dict):
        return [e for k, v in detail.items() for e in _field_errors(v, f"{path}/{k}")]
    if isinstance(detail, list) and any(isinstance(d, dict | list) for d in detail):
        return [e for i, v in enumerate(detail) for e in _field_errors(v, f"{path}/{i}")]
    details = detail if isinstance(detail, list) else [detail]
    return [{"pointer": path, "detail": str(d)} for d in details]


def _response(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404: a problem document under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        return _json(problem(404, _("Nothing lives at this address.")))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500: a problem document under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        return _json(problem(500, _("Something broke on our side; it was recorded.")))
    return defaults.server_error(request)


def _json(document: dict[str, Any]) -> HttpResponse:
    return JsonResponse(document, status=document["status"], content_type=CONTENT_TYPE)
