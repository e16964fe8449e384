"""The probe does not disturb: with and without it, a program is the same."""

import pytest

pytest.register_assert_rewrite("tests.see.transparency.observed")
