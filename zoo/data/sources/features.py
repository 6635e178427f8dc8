"""Which feature of a TFDS data set is the picture and which the label, by their spec alone."""

import typing

import numpy as np

from zoo.config import UserError, nearest

# Dtypes whose black and white are known.
DTYPES = ("uint8", "uint16", "bool", "float16", "bfloat16", "float32", "float64")
RIGHT = "uint8, uint16, bool or floats in [0, 1], [H, W] or [H, W, 1 or 3]"


class Picture(typing.NamedTuple):
    """The feature that is read as pictures.

    key: where it stands among the features, one part for each level of nesting.
    shape: (height, width, channels); height and width are None where they vary.
    dtype: the name of its dtype.
    """

    key: tuple
    shape: tuple
    dtype: str


class Label(typing.NamedTuple):
    """The feature that is read as labels, or why there is none.

    key: as of `Picture`; None where there is none.
    names: of the classes.
    missing: why there is none, to follow a colon.
    """

    key: tuple | None = None
    names: tuple = ()
    missing: str = ""


def picture(name, features, asked=""):
    """Chooses the picture: what is asked for, else `image`, else the only image that there is.

    Args:
        name: of the data set.
        features: its `tfds.features.FeaturesDict`.
        asked: a feature's name, with ``/`` between the keys of nested ones; "" chooses.

    Raises:
        UserError: there is no such feature, none or several could be meant, or its dtype, rank or
            channels are not those of a picture.
    """
    import tensorflow_datasets as tfds

    leaves = _leaves(features)
    names = {"/".join(key): key for key in leaves}
    fits = [spelled for spelled, key in names.items() if not _fault(leaves[key])]
    images = [
        spelled
        for spelled, key in names.items()
        if isinstance(leaves[key], tfds.features.Image)
        and not isinstance(leaves[key], tfds.features.LabeledImage)
    ]
    if asked and asked not in names:
        raise UserError(f"{name!r} has no feature {asked!r}: {nearest(asked, names)}.")
    found = asked or ("image" if "image" in names else "")
    if not found:
        choice = [spelled for spelled in images if spelled in fits] or images
        if len(choice) > 1:
            raise UserError(
                f"{name!r} has several pictures, {', '.join(choice)}: choose one by "
                f"--data.feature={choice[0]}, say."
            )
        if not choice:
            there = ", ".join(f"{s} ({_in_words(leaves[key])})" for s, key in names.items())
            raise UserError(
                f"{name!r} has no feature 'image' and no other picture among its features, "
                f"{there or 'of which there are none'}: "
                + (f"name one by --data.feature={fits[0]}, say." if fits
                   else "choose a data set of pictures.")
            )  # fmt: skip
        (found,) = choice
    feature = leaves[names[found]]
    fault = _fault(feature)
    if fault:
        others = [spelled for spelled in fits if spelled != found]
        raise UserError(
            f"the feature {found!r} of {name!r} {fault}: "
            + (f"choose another by --data.feature={'|'.join(others)}." if others
               else f"choose or prepare a data set whose pictures are {RIGHT}.")
        )  # fmt: skip
    shape = tuple(feature.shape)
    return Picture(
        names[found], shape if len(shape) == 3 else (*shape, 1), np.dtype(feature.np_dtype).name
    )


def label(features):
    """Chooses the label: `label`, else the only `ClassLabel` that there is."""
    import tensorflow_datasets as tfds

    leaves = _leaves(features)
    classes = [key for key in leaves if isinstance(leaves[key], tfds.features.ClassLabel)]
    key = ("label",) if ("label",) in leaves else None
    if not key:
        if len(classes) != 1:
            found = ", ".join(map("/".join, classes))
            return Label(
                missing=f"{found} could be meant, and none is named 'label'"
                if classes
                else "none of its features is a ClassLabel"
            )
        (key,) = classes
    feature, spelled = leaves[key], "/".join(key)
    if key not in classes:
        return Label(
            missing=f"its feature {spelled!r} is not one class an example but {_in_words(feature)}"
        )
    if not feature.num_classes:
        return Label(missing=f"its feature {spelled!r} does not say how many classes there are")
    return Label(key, tuple(feature.names))


def _leaves(features):
    """key -> feature of all levels of nested dictionaries; what is in a sequence is no leaf."""
    import tensorflow_datasets as tfds

    if not isinstance(features, tfds.features.FeaturesDict):  # a sequence of examples
        return {}
    found = {}
    for key, feature in sorted(features.items()):  # TFDS keeps no order
        if isinstance(feature, tfds.features.FeaturesDict):
            found |= {(key, *rest): leaf for rest, leaf in _leaves(feature).items()}
        else:
            found[key,] = feature
    return found


def _tensor(feature):
    """(dtype's name, shape) of a feature that is one tensor, else None."""
    info = feature.get_tensor_info()
    if not hasattr(info, "shape"):
        return None
    return np.dtype(feature.np_dtype).name, info.shape


def _in_words(feature):
    found = _tensor(feature)
    kind = type(feature).__name__
    return f"{kind} {found[0]} {_spelled(found[1])}" if found else kind


def _spelled(shape):
    if shape is None:
        return "of unknown shape"
    return f"[{', '.join('?' if side is None else str(side) for side in shape)}]"


def _fault(feature):
    """Why a feature cannot be read as pictures, to follow its name; "" if it can."""
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.LabeledImage):
        return "contains a class for each pixel and no colors"
    found = _tensor(feature)
    if isinstance(feature, tfds.features.Sequence):
        kind = "a video" if isinstance(feature, tfds.features.Video) else "a sequence"
        return f"is {kind}, {_spelled(found[1])}" if found and found[1] else f"is {kind}"
    if not found or found[1] is None:
        return f"is a {type(feature).__name__} of no one shape"
    dtype, shape = found
    if len(shape) not in (2, 3):
        return f"has rank {len(shape)}, {dtype} {_spelled(shape)}"
    if dtype not in DTYPES:
        return f"contains {dtype}, whose white is not known"
    if len(shape) == 3 and shape[-1] not in (1, 3):
        count = shape[-1] or "a varying number of"
        return f"has {count} channels and not 1 or 3"
    if 0 in shape:
        return f"has no pixels, {_spelled(shape)}"
    return ""
