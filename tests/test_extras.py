"""A missing extra is named."""

import pytest

from keras_papers.extras import MissingExtraError, require


def test_what_is_installed_is_returned():
    assert require("json", "mobile").loads("1") == 1


@pytest.mark.parametrize("kind", [ImportError, ValueError])
def test_what_is_missing_is_named_with_its_command(kind):
    with pytest.raises(kind, match=r"pip install 'keras-papers\[mobile\]'"):
        require("no_such_package.inside", "mobile")
    assert issubclass(MissingExtraError, kind)
