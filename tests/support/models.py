"""Make any value of a wire model, from the model itself."""

import enum
import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

__all__ = ["values_of"]

_TEXT = st.characters(exclude_categories=["Cs"])


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for every value that a field of this type may have."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(inner[0], [meta for meta in inner[1:] if isinstance(meta, msgspec.Meta)])
    if origin in {Union, types.UnionType}:
        return st.one_of([values_of(each) for each in inner])
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(values_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(values_of, inner))
    if origin is dict:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        fields = {name: values_of(hints[name]) for name in kind.__struct_fields__}
        return st.builds(kind, **fields)
    return _bounded(kind, [])


def _bounded(kind: Any, metas: list[msgspec.Meta]) -> st.SearchStrategy[Any]:
    meta = metas[0] if metas else msgspec.Meta()
    least = meta.min_length or 0
    if kind is int:
        lower = meta.ge if meta.ge is not None else -(2**63)
        upper = meta.le if meta.le is not None else 2**63 - 1
        return st.integers(int(lower), int(upper))
    if kind is str:
        return st.text(_TEXT, min_size=least, max_size=meta.max_length or 20)
    if kind is bytes:
        return st.binary(min_size=least, max_size=meta.max_length or 40)
    if kind in {bool, type(None)}:
        return st.sampled_from([False, True]) if kind is bool else st.none()
    most = meta.max_length or 3
    return st.lists(values_of(get_args(kind)[0]), max_size=min(most, 3)).map(tuple)
