"""Middleware of core."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


class AdminScriptsMiddleware:
    """Lets the admin's Alpine.js evaluate its expressions, under the admin and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = {"script-src": "'unsafe-eval'"}  # type: ignore[attr-defined]  # django-csp reads it
        return response


class PersonLanguageMiddleware:
    """Speaks the language of a person's own settings until they pick another on the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        picked = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
        if request.path.startswith("/admin/") and not picked and request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language
        return self.get_response(request)
