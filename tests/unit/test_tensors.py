import numpy as np

from upswing.tensors import pack, pack_texts, unpack, unpack_texts


def test_round_trip() -> None:
    arrays = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "a": np.array([1.5, np.nan]),
        "empty": np.zeros((0, 4)),
    }
    facts = {"names": ["é", "b"], "level": 0.1 + 0.2, "nothing": None}
    found, told = unpack(pack(arrays, facts))
    assert told == facts
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_same_content_same_bytes_whatever_its_order() -> None:
    arrays = {"a": np.arange(3.0), "b": np.ones((2, 2), dtype=np.float32)}
    turned = dict(reversed(arrays.items()))
    assert pack(arrays, {"x": 1, "y": 2}) == pack(turned, {"y": 2, "x": 1})
    assert pack(arrays, {"x": 1}) != pack(arrays, {"x": 2})


def test_texts_come_back() -> None:
    texts = ["a", "", "zwei Wörter", "商机"]
    assert unpack_texts(pack_texts(texts)) == texts
