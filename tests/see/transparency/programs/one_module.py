"""Runs one of the interpreter's own test modules; writes the result of each test as JSON.

one_module.py OUT MODULE [PATTERN]...    with patterns, only tests whose id holds one of them

Runs on Python 3.8 and newer. Its results are the same with and without the probe.
"""

import json
import sys
import unittest

# They hang or fail on machines whose kernel has the module but no peer.
EXCLUDED = ("VSOCK", "Vsock", "vsock")


class Results(unittest.TestResult):
    """id of a test -> 'passed', 'failed', 'skipped: why', ..."""

    def __init__(self):
        super().__init__()
        self.buffer = False
        self.found = {}
        self.texts = {}

    def _put(self, test, word):
        self.found[test.id()] = word

    def _bad(self, test, word, err):
        self._put(test, word)
        self.texts[test.id()] = self._exc_info_to_string(err, test)

    def addSuccess(self, test):
        self.found.setdefault(test.id(), "passed")

    def addFailure(self, test, err):
        self._bad(test, "failed", err)

    def addError(self, test, err):
        self._bad(test, "error", err)

    def addSkip(self, test, reason):
        self._put(test, "skipped")

    def addExpectedFailure(self, test, err):
        self._put(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        self._put(test, "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._bad(subtest, "failed", err)
            self._put(test, "failed")


def chosen(suite, patterns):
    """The tests of a suite that are to run, in suites of the same classes."""
    kept = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(chosen(test, patterns))
        elif any(word in test.id() for word in EXCLUDED):
            continue
        elif not patterns or any(word in test.id() for word in patterns):
            kept.addTest(test)
    return kept


def main(out, module, *patterns):
    from test import support

    # What needs the Internet, a screen or much time is skipped.
    support.use_resources = []
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    results = Results()
    chosen(suite, patterns).run(results)
    with open(out, "w") as file:
        json.dump({"results": results.found, "texts": results.texts}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
