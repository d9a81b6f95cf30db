"""A channel that keeps what it was given and answers as a test tells it."""

import pytest

from guidance.campaigns.channels import register_channel
from guidance.campaigns.channels.registry import register_own_channels
from tests.campaigns.recorders import Recorder


@pytest.fixture(params=[Recorder])
def recorder(request: pytest.FixtureRequest) -> object:
    kind = request.param
    kind.answers.clear()
    kind.got.clear()
    register_channel(kind)
    yield kind
    register_own_channels()
