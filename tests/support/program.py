"""The program under test, test data, and models that may or may not be on this machine."""
import array
import contextlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHOAL = pathlib.Path(os.environ.get("SHOAL_PROGRAM", ROOT / "build/release/bin/shoal"))
DATA = pathlib.Path(os.environ.get("SHOAL_TEST_DATA", ROOT.parent / "shared/data"))
HOME = pathlib.Path(os.environ.get("SHOAL_HOME", "~/.cache/shoal")).expanduser()
MODEL_CACHE = pathlib.Path(os.environ.get("SHOAL_MODEL_CACHE", "~/.cache/shoal-models")).expanduser()


def data(relative):
    """A file of the test data; the test is skipped where it is missing."""
    path = DATA / relative
    if not path.exists():
        raise unittest.SkipTest(f"{path} is missing")
    return path


def real_model(name):
    """The GGUF file of a real model; the test is skipped where it is not on this machine."""
    for path in (HOME / "downloads" / name / f"{name}.gguf", MODEL_CACHE / f"{name}.gguf"):
        if path.exists():
            return path
    raise unittest.SkipTest(f"{name}.gguf is neither in {HOME}/downloads/{name} nor in {MODEL_CACHE}")


def need_installed_model(name):
    """Skips the test where nodes would not find the model by its name."""
    folder = HOME / "downloads" / name
    if not folder.is_dir():
        raise unittest.SkipTest(f"{folder} is missing; tools/get_default_model gets it")


def run(*arguments, status=0, timeout=300, env=None):
    """What the program prints on stdout; it must end with `status`. With another status, what it prints on stderr."""
    done = subprocess.run([str(SHOAL), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})
    if done.returncode != status:
        raise AssertionError(f"shoal {' '.join(map(str, arguments))}: status {done.returncode}, {status} expected\n"
                             f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout if status == 0 else done.stderr


def read_safetensors(path):
    """{name: (shape, array of floats)} of the F32 tensors of a file."""
    raw = pathlib.Path(path).read_bytes()
    (header_bytes,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + header_bytes])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        values = array.array("f")
        values.frombytes(raw[8 + header_bytes + begin:8 + header_bytes + end])
        tensors[name] = (entry["shape"], values)
    return tensors


def logits(model, ids, *options, timeout=300):
    """The tensors that `shoal logits` writes for these ids."""
    with tempfile.TemporaryDirectory() as folder:
        ids_file, out = pathlib.Path(folder, "ids.json"), pathlib.Path(folder, "out.safetensors")
        ids_file.write_text(json.dumps(ids))
        run("logits", model, "--ids", ids_file, "--out", out, *options, timeout=timeout)
        return read_safetensors(out)


@contextlib.contextmanager
def temporary_file(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "file")
        path.write_text(text, encoding="utf-8")
        yield path
