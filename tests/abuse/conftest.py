from tests.web.conftest import shared

__all__ = ["shared"]
