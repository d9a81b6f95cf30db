"""Django's SMTP backend, which also knows whether a message's text had begun to leave."""

import smtplib
from typing import Any

from django.core.mail.backends import smtp

__all__ = ["EmailBackend"]


class _Watched:
    """Tells of an SMTP connection how far its last message came."""

    # The text was handed to the network after the server asked for it: from then until its answer
    # nobody can know whether the server has taken the message.
    is_past_data = False
    _is_in_data = False

    def mail(self, *args: Any, **kwargs: Any) -> Any:
        self.is_past_data = False
        return super().mail(*args, **kwargs)  # type: ignore[misc]  # of the class beside

    def data(self, msg: Any) -> Any:
        self._is_in_data = True
        try:
            return super().data(msg)  # type: ignore[misc]  # of the class beside
        finally:
            self._is_in_data = False

    def send(self, s: Any) -> None:
        """Send bytes; commands are text and the message's own text is bytes."""
        if self._is_in_data and isinstance(s, bytes):
            self.is_past_data = True
        super().send(s)  # type: ignore[misc]  # of the class beside


class _SMTP(_Watched, smtplib.SMTP):
    pass


class _SMTPOverTLS(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """As Django's; `is_past_data` says how far the message came that raised."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SMTPOverTLS if self.use_ssl else _SMTP

    @property
    def is_past_data(self) -> bool:
        return isinstance(self.connection, _Watched) and self.connection.is_past_data
