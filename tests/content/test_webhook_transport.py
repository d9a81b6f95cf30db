"""One webhook's call: signed, over TLS, to public addresses, bounded in time and size."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from guidance.content.webhooks import addresses, transport
from guidance.content.webhooks.addresses import Refused, is_allowed, resolve, split_url
from guidance.content.webhooks.signing import new_secret, signed_headers
from guidance.content.webhooks.transport import Line, Outcome, post
from tests.content.https_server import Receiver, dribble, flood, hang_up, receiving, silence, status

HOME = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path, "127.0.0.1", "localhost") as server:
        yield server


def call(receiver: Receiver, url: str = "", **given: Any) -> Outcome:
    return post(
        url or receiver.url,
        **{
            "body": b"{}",
            "headers": {"webhook-id": "msg_1"},
            "allowed_networks": HOME,
            "ca_file": receiver.ca_file,
            **given,
        },
    )


def test_a_call_arrives_whole_with_the_name_that_was_asked_for(receiver: Receiver) -> None:
    url = f"https://localhost:{receiver.port}/hooks?shop=1"
    assert call(receiver, url, body='{"sku":"茶"}'.encode()).is_delivered
    (got,) = receiver.calls
    assert (got.path, got.body) == ("/hooks?shop=1", '{"sku":"茶"}'.encode())
    assert got.headers["host"] == f"localhost:{receiver.port}"
    assert got.headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize("code", [400, 404, 410, 429, 500, 503])
def test_only_a_2xx_counts_as_delivered(receiver: Receiver, code: int) -> None:
    receiver.answers.append(status(code, Retry_After="7"))
    outcome = call(receiver)
    assert (outcome.status, outcome.is_delivered, outcome.retry_after) == (code, False, 7)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(status(307, Location=f"{receiver.url}/elsewhere"))
    outcome = call(receiver)
    assert (outcome.status, outcome.is_delivered) == (307, False)
    assert len(receiver.calls) == 1


@pytest.mark.parametrize("answer", [silence, dribble])
def test_a_server_that_does_not_come_to_an_end_is_left(receiver: Receiver, answer: Any) -> None:
    receiver.answers.append(answer)
    outcome = call(receiver, step_seconds=0.3, whole_seconds=0.5)
    assert (outcome.status, outcome.problem) == (None, "timeout")


def test_a_body_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.answers.append(flood)
    assert call(receiver).is_delivered


def test_a_server_nobody_vouches_for_gets_nothing(receiver: Receiver, tmp_path: Path) -> None:
    assert call(receiver, ca_file=None).problem == "certificate"
    with receiving(tmp_path, "other.example") as stranger:
        assert call(stranger).problem == "certificate"
        assert stranger.calls == []
    assert receiver.calls == []


def test_a_server_that_is_away_is_no_error_of_ours(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert call(receiver, f"https://127.0.0.1:{port}/").problem == "connection"
    assert call(receiver, "https://nobody.invalid/").problem == "unknown_host"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "192.0.0.170", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
     "::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
     "2001:0:7f00:1::"],
)  # fmt: skip
def test_addresses_inside_the_house_are_not_called(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_may_be_called(address: str) -> None:
    assert is_allowed(address)


def test_a_network_that_the_house_allows_may_be_called() -> None:
    assert is_allowed("10.1.2.3", ["10.1.0.0/16"])
    assert is_allowed("::ffff:10.1.2.3", ["10.1.0.0/16"])
    assert not is_allowed("10.2.2.3", ["10.1.0.0/16"])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::1]",
             "[::ffff:127.0.0.1]"],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_called(receiver: Receiver, host: str) -> None:
    outcome = call(receiver, f"https://{host}:{receiver.port}/", allowed_networks=[])
    assert outcome.problem in {"private_address", "unknown_host"}
    assert receiver.calls == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its address between check and call still gets the one checked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host != "localhost":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        assert len(asked) == 1, "looked up again"
        return real("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert call(receiver, f"https://localhost:{receiver.port}/").is_delivered
    assert asked == ["localhost"]


def test_a_name_with_one_private_address_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def mixed(host: str, port: int, **kwargs: Any) -> Any:
        found = ("93.184.216.34", "10.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", mixed)
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        resolve("https://mixed.example/")


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/", "https:///x", "https://user:pass@shop.example/", "ftp://x",
     "https://shop.example/#x", "https://shop.example/a b", "https://shop.example:x/",
     "https://shop.example/\r\nX: 1", "https://shop.example/é"],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  a plain ValueError is the contract
        split_url(url)


def test_signatures_are_those_of_standard_webhooks_and_secrets_can_overlap() -> None:
    old, new, body = new_secret(), new_secret(), b'{"type":"copy.published"}'
    headers = signed_headers(
        message_id="msg_1", timestamp=int(time.time()), body=body, secrets=[new, old]
    )
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"type": "copy.published"}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", headers)


@pytest.fixture
def line() -> Iterator[Line]:
    with closing(Line(step_seconds=2, whole_seconds=3)) as line:
        yield line


def ask(line: Line, receiver: Receiver, **given: Any) -> Outcome:
    told = {"url": receiver.url, "body": b"{}", "headers": {"webhook-id": "msg_1"}}
    return line.post(**{**told, "allowed_networks": HOME, "ca_file": receiver.ca_file, **given})


def test_calls_share_one_connection_until_it_is_closed(receiver: Receiver, line: Line) -> None:
    assert all(ask(line, receiver).is_delivered for _call in range(3))
    receiver.answers.append(status(503))
    assert ask(line, receiver).status == 503
    assert ask(line, receiver).is_delivered
    assert receiver.connections == 1
    line.close()
    assert ask(line, receiver).is_delivered
    assert receiver.connections == 2


def test_a_connection_that_went_to_sleep_is_dialled_again(receiver: Receiver, line: Line) -> None:
    receiver.answers.append(status(204, Connection="close"))
    assert ask(line, receiver).is_delivered
    assert ask(line, receiver).is_delivered
    receiver.answers.append(hang_up)
    assert ask(line, receiver).is_delivered
    assert (receiver.connections, len(receiver.calls)) == (3, 4)


def test_a_new_connection_that_breaks_is_not_tried_again(receiver: Receiver, line: Line) -> None:
    receiver.answers.append(hang_up)
    assert ask(line, receiver).problem == "connection"
    assert len(receiver.calls) == 1


def test_a_kept_connection_is_no_way_around_what_may_be_called(
    receiver: Receiver, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(line, receiver).is_delivered
    assert ask(line, receiver, allowed_networks=[]).problem == "private_address"
    assert ask(line, receiver, ca_file=None).problem == "certificate"
    assert ask(line, receiver).is_delivered
    elsewhere = f"https://localhost:{receiver.port}/hooks"
    assert ask(line, receiver, url=elsewhere).is_delivered
    assert receiver.calls[-1].headers["host"] == f"localhost:{receiver.port}"
    monkeypatch.setattr(transport, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(addresses, "is_allowed", lambda *_given: False)
    assert ask(line, receiver, url=elsewhere).problem == "private_address"
    assert len(receiver.calls) == 3


@pytest.mark.parametrize("answer", [dribble, silence])
def test_a_kept_connection_is_bounded_in_time_as_a_new_one(
    receiver: Receiver, line: Line, answer: Any
) -> None:
    assert ask(line, receiver).is_delivered
    receiver.answers.append(answer)
    assert ask(line, receiver).problem == "timeout"
    assert len(receiver.calls) == 2
    assert ask(line, receiver).is_delivered
    assert receiver.connections == 2


def test_a_body_that_is_not_read_whole_is_nobodys_next_answer(
    receiver: Receiver, line: Line
) -> None:
    receiver.answers.append(flood)
    assert ask(line, receiver).is_delivered
    assert ask(line, receiver).status == 204
    assert receiver.connections == 2
