import json

import numpy as np
import pytest

from models_ml.data.sequence_file import BadSequences, read_sequences


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_sequences_keep_their_order_under_shuffled_numbers(tmp_path):
    path = write(tmp_path / "shop.txt", "u1 a b c\n\nu2 c a\n")
    one, other = read_sequences(path, None, seed=1), read_sequences(path, None, seed=2)
    assert one.catalogue == 3
    assert len(one) == 2
    assert sorted(one.of(0)) == [0, 1, 2]
    assert one.of(1).tolist() == [one.of(0)[2], one.of(0)[0]]
    assert read_sequences(path, None, seed=1).items.tolist() == one.items.tolist()
    assert not np.array_equal(one.items, other.items)


def test_attributes_follow_their_items(tmp_path):
    path = write(tmp_path / "shop.txt", "u1 a b c\n")
    attributes = write(
        tmp_path / "facts.json", json.dumps({"a": [1, "red"], "b": ["red", "red"], "z": [9]})
    )
    sequences = read_sequences(path, attributes, seed=3)
    a, b, c = sequences.of(0)
    table = sequences.attributes.toarray()
    assert table.shape == (3, 2)
    assert table[a].tolist() == [1, 1]
    assert table[b].sum() == 1
    assert table[c].sum() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u1 a b c\nu2\n", "line 2: customer u2 has no items"),
        ("u1 a b c\nu1 a\n", "line 2: customer u1 stands on line 1 too"),
        ("", "no customer has three items"),
        ("u1 a b\n", "no customer has three items"),
    ],
)
def test_a_broken_file_is_refused_by_line(tmp_path, text, message):
    with pytest.raises(BadSequences, match=message):
        read_sequences(write(tmp_path / "shop.txt", text), None, seed=1)


def test_files_that_cannot_be_read_are_named(tmp_path):
    shop = write(tmp_path / "shop.txt", "u1 a b c\n")
    with pytest.raises(BadSequences, match=r"absent\.txt"):
        read_sequences(tmp_path / "absent.txt", None, seed=1)
    with pytest.raises(BadSequences, match=r"facts\.json: not JSON"):
        read_sequences(shop, write(tmp_path / "facts.json", "{"), seed=1)
    with pytest.raises(BadSequences, match="a list of attributes"):
        read_sequences(shop, write(tmp_path / "facts.json", '{"a": 1}'), seed=1)
    (tmp_path / "latin.txt").write_bytes(b"u1 caf\xe9 b c\n")
    with pytest.raises(BadSequences, match="not UTF-8"):
        read_sequences(tmp_path / "latin.txt", None, seed=1)
