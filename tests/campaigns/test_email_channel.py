"""E-mail over a real SMTP connection: what each answer means, and what nobody can know."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from guidance.campaigns.channels import Outcome, Result, channel_of
from guidance.customers.tokens import unsubscribe_headers
from tests.campaigns.messages import message
from tests.campaigns.smtp_server import HANG_UP, MailServer, receiving_mail


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with receiving_mail() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "The Shop <news@shop.example>"
        yield server


def _send(*messages: Any) -> list[Outcome]:
    with closing(channel_of("email")) as carrier:
        return carrier.send(messages or [message()])


def test_a_batch_goes_over_one_connection_with_everything_in_it(mail_server: MailServer) -> None:
    headers = unsubscribe_headers(customer="mira", channel="email", purpose="marketing")
    first = message(
        html="<p>Grüner Tee</p>", subject="绿茶到货", headers=headers, language="zh-hans"
    )
    outcomes = _send(first, message(), message())
    assert [outcome.result for outcome in outcomes] == [Result.SENT] * 3
    assert mail_server.connections == 1
    mail = mail_server.mails[0]
    assert (mail["Subject"], mail["To"]) == ("绿茶到货", "mira@mail.example")
    assert mail["From"] == "The Shop <news@shop.example>"
    assert mail["Message-ID"] == f"<{first.idempotency_key}@shop.example>"
    assert outcomes[0].provider_id == mail["Message-ID"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].replace(" ", "") == headers["List-Unsubscribe"]
    assert mail["Content-Language"] == "zh-hans"
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Grüner Tee</p>"


@pytest.mark.parametrize(
    ("answer", "result", "is_bounce"),
    [
        ("550 5.1.1 <mira@mail.example> no such user", Result.REFUSED, True),
        ("550 5.7.1 Relaying denied", Result.REFUSED, False),
        ("550 5.1.8 the sender's domain is bad", Result.REFUSED, False),
        ("552 5.2.2 full; tom@mail.example had 5.1.1", Result.REFUSED, False),
        ("450 4.2.1 try again later", Result.RETRY, False),
    ],
)
def test_a_refused_recipient_leaves_the_others_and_the_connection(
    mail_server: MailServer, answer: str, result: Result, is_bounce: bool
) -> None:
    mail_server.rcpt.append(answer)
    first, second = _send(message(), message())
    assert (first.result, first.is_bounce, second.result) == (result, is_bounce, Result.SENT)
    assert "@" not in first.detail
    assert (mail_server.connections, len(mail_server.mails)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "result"),
    [("554 5.6.0 no", Result.REFUSED), ("451 4.3.0 not now", Result.RETRY)],
)
def test_a_refused_text_is_no_doubt(mail_server: MailServer, answer: str, result: Result) -> None:
    mail_server.data.append(answer)
    first, second = _send(message(), message())
    assert (first.result, second.result) == (result, Result.SENT)
    assert len(mail_server.mails) == 1


def test_a_connection_that_breaks_after_the_text_leaves_it_in_doubt(
    mail_server: MailServer,
) -> None:
    """The server had taken it, and its answer never came."""
    mail_server.data.extend(["250 OK", HANG_UP])
    outcomes = _send(message(), message(), message())
    assert [one.result for one in outcomes] == [Result.SENT, Result.IN_DOUBT, Result.SENT]
    assert len(mail_server.mails) == 3
    assert mail_server.connections == 2


def test_a_connection_that_breaks_before_the_text_is_no_doubt(mail_server: MailServer) -> None:
    mail_server.closing_at.extend(["MAIL", "MAIL"])
    outcomes = _send(message(), message())
    assert [one.result for one in outcomes] == [Result.RETRY, Result.SENT]
    assert len(mail_server.mails) == 1


def test_a_connection_lasts_from_batch_to_batch_and_is_made_anew_where_it_slept(
    mail_server: MailServer,
) -> None:
    with closing(channel_of("email")) as carrier:
        carrier.send([message()])
        carrier.send([message()])
        assert mail_server.connections == 1
        mail_server.closing_at.append("MAIL")
        (outcome,) = carrier.send([message()])
    assert (outcome.result, mail_server.connections) == (Result.SENT, 2)
    assert len(mail_server.mails) == 3


def test_a_server_that_closes_with_421_is_called_again(mail_server: MailServer) -> None:
    mail_server.rcpt.append("421 4.3.2 shutting down")
    outcomes = _send(message(), message())
    assert [one.result for one in outcomes] == [Result.RETRY, Result.SENT]


def test_where_nobody_listens_everything_waits(settings: Any) -> None:
    with receiving_mail() as server:
        port = server.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    assert [one.result for one in _send(message(), message())] == [Result.RETRY] * 2


def test_a_message_that_is_no_message_is_refused(mail_server: MailServer) -> None:
    bad, good = _send(message(subject="two\nlines"), message())
    assert (bad.result, bad.reason, good.result) == (Result.REFUSED, "malformed", Result.SENT)


@contextmanager
def _provider(answers: list[Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run a peer that speaks Postmark's API."""
    calls: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, answer = answers.pop(0)
            if status is None:
                self.connection.close()
                return
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # callers hang up
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


TAKEN = {
    "To": "mira@mail.example",
    "SubmittedAt": "2026-01-01T00:00:00Z",
    "MessageID": "pm-1",
    "ErrorCode": 0,
    "Message": "OK",
}


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (200, TAKEN, Result.SENT),
        (429, {}, Result.RETRY),
        (503, {}, Result.RETRY),
        (401, {}, Result.RETRY),
        (500, {}, Result.IN_DOUBT),
        (None, {}, Result.IN_DOUBT),
        (422, {"ErrorCode": 1, "Message": "no"}, Result.REFUSED),
    ],
)
def test_a_providers_answer_says_what_became_of_it(
    settings: Any, status: int | None, answer: dict[str, Any], result: Result
) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with _provider([(status, answer)]) as (url, calls):
        settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "POSTMARK_API_URL": url}
        sent = message()
        (outcome,) = _send(sent)
    assert outcome.result == result
    assert calls[0]["Metadata"] == {"delivery": str(sent.delivery_id)}
    if result == Result.SENT:
        assert outcome.provider_id == "pm-1"
    if status == 429:
        assert outcome.after == 7.0


def test_a_provider_that_cannot_be_reached_is_no_doubt(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with _provider([]) as (url, _calls):
        pass
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "POSTMARK_API_URL": url}
    (outcome,) = _send(message())
    assert (outcome.result, outcome.reason) == (Result.RETRY, "connection")
