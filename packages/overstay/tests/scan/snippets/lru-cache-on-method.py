import functools
from functools import cache, lru_cache


class BadSession:
    @lru_cache  # bad
    def bad_plain(self, text):
        return text

    @lru_cache(maxsize=100)  # bad
    def bad_limited(self, text):
        return text

    @functools.lru_cache(None)  # bad
    def bad_module(self, text):
        return text

    @cache  # bad
    def bad_cache(self):
        return self

    @functools.cache  # bad
    def bad_module_cache(self, text):
        return text

    @property
    @lru_cache(maxsize=8)  # bad
    def bad_property(self):
        return self


@lru_cache(maxsize=100)
def good_function(text):
    return text


@cache
def good_cached(text):
    return text


def good_plain(text):
    return text


class GoodSession:
    @functools.cached_property
    def good_property(self):
        return 1

    @staticmethod
    @lru_cache(maxsize=100)
    def good_static(text):
        return text


class GoodOwnCache:
    def __init__(self):
        self.look = lru_cache(maxsize=10)(self._look)

    def _look(self, text):
        return text


class GoodClass:
    @classmethod
    @lru_cache(maxsize=2)
    def good_of_class(cls):
        return cls
