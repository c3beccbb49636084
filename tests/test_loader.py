"""Which modules are rewritten on import, and that importing them is otherwise as it always was."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import gradcheck.record as record
from gradcheck.record import loader, taps
from gradcheck.record.sources import Sources

Project = Callable[..., Path]
MODULE = "def f(a):\n    return a + 1\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Makes files under a fresh folder that is first on the path; forgets their modules afterwards."""
    before, path = dict(sys.modules), list(sys.path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(files: dict[str, str | bytes]) -> Path:
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        importlib.invalidate_caches()
        return tmp_path

    yield make
    sys.path[:] = path
    for name in set(sys.modules) - set(before):
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "") or ""):
            del sys.modules[name]


@pytest.fixture
def finder(request: pytest.FixtureRequest) -> Iterator[loader.RewritingFinder]:
    made = loader.install(Sources(), getattr(request, "param", ()))
    taps.install(taps.NeutralTaps())
    yield made
    taps.uninstall()
    loader.uninstall(made)


def tapped(module: ModuleType) -> bool:
    return "@add" in module.f.__code__.co_names


def test_modules_of_the_users_folders_are_rewritten(project: Project, finder: loader.RewritingFinder) -> None:
    root = project({
        "layers.py": MODULE,
        "pkg/__init__.py": "from .core import f\n" + MODULE,
        "pkg/core.py": "from . import deep\n" + MODULE,
        "pkg/deep/__init__.py": MODULE,
        "space/inside.py": MODULE,
        "elsewhere/sibling.py": MODULE,
    })  # fmt: skip
    sys.path.append(str(root / "elsewhere"))
    names = ["layers", "pkg", "pkg.core", "pkg.deep", "space.inside", "sibling"]
    modules = [importlib.import_module(name) for name in names]
    assert all(tapped(module) and module.f(2) == 3 for module in modules)
    assert finder.modules == {name: module.__file__ for name, module in zip(names, modules, strict=True)}


def test_others_are_not_rewritten(project: Project, finder: loader.RewritingFinder) -> None:
    root = project({
        "venv/lib/python3/site-packages/lib_a.py": MODULE,
        "usr/lib/python3/dist-packages/lib_b/__init__.py": "from .part import f as g\n" + MODULE,
        "usr/lib/python3/dist-packages/lib_b/part.py": MODULE,
    })  # fmt: skip
    sys.path += [str(root / "venv/lib/python3/site-packages"), str(root / "usr/lib/python3/dist-packages")]
    modules = [importlib.import_module(name) for name in ("lib_a", "lib_b", "lib_b.part")]
    assert not any(map(tapped, modules))
    assert finder.modules == {}


def test_standard_library_and_this_package_are_not_the_users() -> None:
    finder = loader.RewritingFinder(Sources(), follow=["gradcheck"])
    assert not finder.is_users("json", json.__file__)
    assert not finder.is_users("other_name.record", str(Path(record.__file__).parent / "runner.py"))
    assert not finder.is_users("x", os.path.join(sysconfig.get_path("purelib"), "x.py"))
    assert finder.is_users("x", os.path.join(os.path.expanduser("~"), "x.py"))


@pytest.mark.parametrize("finder", [["lib_a", "lib_c.part"]], indirect=True)
def test_followed_packages_are_rewritten(project: Project, finder: loader.RewritingFinder) -> None:
    files = ["lib_a/__init__.py", "lib_a/x.py", "lib_ab.py", "lib_c/__init__.py", "lib_c/part.py"]
    root = project({f"site-packages/{name}": MODULE for name in files})
    sys.path.append(str(root / "site-packages"))
    names = ["lib_a", "lib_a.x", "lib_ab", "lib_c", "lib_c.part"]
    assert [tapped(importlib.import_module(name)) for name in names] == [True, True, False, False, True]


def test_module_attributes_are_the_usual_ones(project: Project, finder: loader.RewritingFinder) -> None:
    root = project({"pkg/__init__.py": "", "pkg/m.py": '"""doc"""\n' + MODULE})
    module = importlib.import_module("pkg.m")
    assert (module.__file__, module.__package__, module.__doc__) == (str(root / "pkg/m.py"), "pkg", "doc")
    assert module.__cached__ == importlib.util.cache_from_source(module.__file__)
    assert inspect.getsource(module.f) == MODULE
    assert isinstance(module.__loader__, importlib.machinery.SourceFileLoader)
    assert module.__spec__ is not None and module.__spec__.origin == module.__file__
    assert [name for name in vars(module) if not name.startswith("__")] == ["f"]


def test_reload_reads_the_file_again(project: Project, finder: loader.RewritingFinder) -> None:
    project({"again.py": MODULE})
    module = importlib.import_module("again")
    project({"again.py": MODULE.replace("1", "10")})
    assert importlib.reload(module).f(1) == 11
    assert tapped(module)


ENCODED = [
    ("latin", "# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1") + MODULE.encode()),
    ("bom", b"\xef\xbb\xbfname = '\xc3\xa9'\n" + MODULE.encode()),
    ("windows", "name = 'é'\r\n".encode() + MODULE.replace("\n", "\r\n").encode()),
    ("second_line", "#!python\n# vim: set fileencoding=cp1252 :\nname = 'é'\n".encode("cp1252") + MODULE.encode()),
]


@pytest.mark.parametrize(("name", "content"), ENCODED)
def test_sources_are_decoded_as_python_does(
    project: Project, finder: loader.RewritingFinder, name: str, content: bytes
) -> None:
    project({f"coded_{name}.py": content})
    module = importlib.import_module(f"coded_{name}")
    assert module.name == "é" and tapped(module) and module.f(1) == 2
    assert [site.text for site in finder.sources.sites][-1] == "a + 1"


BROKEN = ["x = = 1", "x = 1\nreturn 2", b"x = '\xff'", b"# coding: no-such\n", "import not_there_at_all", "1 / 0"]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_modules_fail_alike(project: Project, content: str | bytes) -> None:
    project({"broken.py": content})

    def outcome() -> tuple[type[BaseException], tuple[object, ...]]:
        with pytest.raises(Exception) as caught:  # noqa: B017
            importlib.import_module("broken")
        return caught.type, caught.value.args

    expected = outcome()
    made = loader.install(Sources())
    taps.install(taps.NeutralTaps())
    try:
        assert outcome() == expected
    finally:
        taps.uninstall()
        loader.uninstall(made)


def test_circular_imports_work(project: Project, finder: loader.RewritingFinder) -> None:
    project({"ring_a.py": "import ring_b\n" + MODULE, "ring_b.py": "import ring_a\ndef g(): return ring_a.f(1)\n"})
    assert importlib.import_module("ring_a").ring_b.g() == 2
    assert list(finder.modules) == ["ring_a", "ring_b"]


def test_builtin_modules_keep_their_rank(project: Project, finder: loader.RewritingFinder) -> None:
    project({"sys.py": "raise RuntimeError", "_thread.py": "raise RuntimeError"})
    position = [entry is finder for entry in sys.meta_path].index(True)
    assert position > sys.meta_path.index(importlib.machinery.BuiltinImporter)
    assert sys.meta_path[position + 1] is importlib.machinery.PathFinder


RUN = """
    import sys
    sys.path.insert(0, sys.argv[1])
    sys.dont_write_bytecode = True
    from gradcheck.record import loader, taps
    from gradcheck.record.sources import Sources
    finder = loader.install(Sources())
    taps.install(taps.NeutralTaps())
    sys.path.insert(0, sys.argv[2])
    sys.dont_write_bytecode = False
    import pkg.m
    print(pkg.m.f(1), len(finder.modules))
    if "plain" in sys.argv:
        loader.uninstall(finder)
        del sys.modules["pkg.m"], sys.modules["pkg"]
        import pkg.m
        print(pkg.m.f.__code__.co_names)
"""


@pytest.mark.parametrize("mode", ["fresh", "cached", "plain"])
def test_no_bytecode_is_written_or_read(tmp_path: Path, mode: str) -> None:
    package = tmp_path / "user" / "pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "m.py").write_text(MODULE)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    here = str(Path(record.__file__).parents[2])
    if mode == "cached":
        subprocess.run([sys.executable, "-c", "import pkg.m"], cwd=package.parent, env=environment, check=True)
        assert len(list(package.glob("__pycache__/*.pyc"))) == 2
    before = sorted((f, f.stat().st_mtime_ns) for f in tmp_path.rglob("*"))
    command = [sys.executable, "-c", textwrap.dedent(RUN), here, str(package.parent), mode]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "2 2"
    if mode == "plain":
        assert done.stdout.splitlines()[1] == "()"
    else:
        assert sorted((f, f.stat().st_mtime_ns) for f in tmp_path.rglob("*")) == before
