"""Runs one test of a file of unittest tests, for ctest: run_test.py FILE TEST. Status 77: skipped."""
import importlib.util
import pathlib
import sys
import unittest


def main():
    path, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    sys.path[:0] = [str(path.parent), str(pathlib.Path(__file__).parent)]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = unittest.TextTestRunner(verbosity=0).run(module.Test(name))
    if not result.wasSuccessful():
        sys.exit(1)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
        sys.exit(77)


main()
