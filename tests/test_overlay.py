"""The script's writes: it sees them as plain Python would show them, and nobody else does."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from pathlib import Path

import pytest

from .child_process import run_child, run_plain
from .folder_hash import folder_hash, unchanged_folder

FILES = {
    "old.txt": "old\n",
    "data/train.csv": "1,2\n3,4\n",
    "data/test.csv": "5,6\n",
    "kept/a/b.txt": "b",
    "empty.txt": "",
}

#: Every snippet prints what it sees; plain Python (in a copy of the folder) says what that must be.
SNIPPETS = {
    "write and read": "open('new.txt', 'w').write('n'); print(open('new.txt').read(), open('new.txt').name)",
    "overwrite": "open('old.txt', 'w').write('x'); print(open('old.txt').read(), os.path.getsize('old.txt'))",
    "append": "open('old.txt', 'a').write('more'); print(open('old.txt').read())",
    "append new": "open('log.txt', 'a').write('a'); open('log.txt', 'a').write('b'); print(open('log.txt').read())",
    "update": "f = open('old.txt', 'r+'); f.write('X'); f.close(); print(open('old.txt').read())",
    "update missing": "attempt(lambda: open('none.txt', 'r+'))",
    "exclusive": "open('x.txt', 'x').write('1'); attempt(lambda: open('x.txt', 'x'));"
    " attempt(lambda: open('old.txt', 'x'))",
    "binary": "open('b.bin', 'wb').write(b'123'); f = open('b.bin', 'rb+'); f.seek(1); f.write(b'X'); f.close();"
    " print(open('b.bin', 'rb').read())",
    "write a folder": "attempt(lambda: open('data', 'w'))",
    "no such folder": "attempt(lambda: open('nowhere/x.txt', 'w'))",
    "below a file": "attempt(lambda: open('old.txt/x', 'w'))",
    "read missing": "open('n', 'w').close(); attempt(lambda: open('missing.txt'))",
    "exists": "open('n.txt', 'w').close(); print([p(n) for n in ('n.txt', 'old.txt', 'no', 'data') for p in"
    " (os.path.exists, os.path.isfile, os.path.isdir, os.path.lexists)])",
    "listdir": "open('data/n.txt', 'w').close(); os.remove('data/test.csv'); print(sorted(os.listdir('data')),"
    " sorted(os.listdir(b'data')), sorted(os.listdir()))",
    "scandir": "open('data/n.txt', 'w').write('1')\nwith os.scandir('data') as it:\n"
    "    print(sorted((e.name, e.path, e.is_file(), e.is_dir(), e.stat().st_size) for e in it))",
    "walk": "os.makedirs('kept/a/c/d'); open('kept/a/c/d/e', 'w').close();"
    " print(sorted((r, sorted(d), sorted(f)) for r, d, f"
    " in os.walk('kept')))",
    "glob": "import glob; open('data/n.csv', 'w').close(); print(sorted(glob.glob('data/*.csv')),"
    " sorted(glob.glob('**/*.txt', recursive=True)))",
    "mkdir": "os.mkdir('m'); attempt(lambda: os.mkdir('m')); attempt(lambda: os.mkdir('data')); os.makedirs('m/n/o');"
    " os.makedirs('m/n', exist_ok=True); attempt(lambda: os.mkdir('p/q')); print(os.listdir('m'))",
    "rmdir": "os.mkdir('m'); os.rmdir('m'); print(os.path.exists('m')); attempt(lambda: os.rmdir('data'));"
    " attempt(lambda: os.rmdir('old.txt')); attempt(lambda: os.rmdir('no'))",
    "mkdir again": "os.mkdir('m'); open('m/f', 'w').close(); os.remove('m/f'); os.rmdir('m'); os.mkdir('m');"
    " print(os.listdir('m')); os.rmdir('m'); open('m', 'w').write('file'); print(open('m').read())",
    "remove": "os.remove('old.txt'); print(os.path.exists('old.txt')); attempt(lambda: open('old.txt'));"
    " attempt(lambda: os.remove('old.txt')); attempt(lambda: os.remove('data'))",
    "remove and write": "os.remove('old.txt'); open('old.txt', 'a').write('again'); print(open('old.txt').read())",
    "rename": "os.rename('old.txt', 'moved.txt'); print(open('moved.txt').read(), os.path.exists('old.txt'))",
    "rename missing": "attempt(lambda: os.rename('no', 'yes')); attempt(lambda: os.rename('old.txt', 'no/x'))",
    "replace": "open('t.tmp', 'w').write('t'); os.replace('t.tmp', 'old.txt');"
    " print(open('old.txt').read(), sorted(os.listdir()))",
    "rename folder": "os.rename('data', 'daten'); print(sorted(os.listdir('daten')), os.path.exists('data/train.csv'),"
    " open('daten/train.csv').read()); attempt(lambda: os.rename('daten', 'kept'))",
    "rmtree": "shutil.rmtree('kept'); print(os.path.exists('kept/a/b.txt'), os.path.exists('kept'));"
    " os.makedirs('kept/a');"
    " print(os.listdir('kept/a'))",
    "copytree": "shutil.copytree('kept', 'copy'); shutil.copy2('old.txt', 'copy'); print(sorted(os.listdir('copy')),"
    " open('copy/a/b.txt').read(), open('copy/old.txt').read())",
    "move": "shutil.move('old.txt', 'data'); print(sorted(os.listdir('data')), os.path.exists('old.txt'))",
    "pathlib": "p = Path('p'); p.mkdir(exist_ok=True); p.mkdir(exist_ok=True); (p / 'f').write_text('t');"
    " print((p / 'f').read_text(), sorted(p.iterdir()), (p / 'f').stat().st_size); (p / 'f').rename(p / 'g');"
    " (p / 'g').unlink(); (p / 'g').unlink(missing_ok=True); p.rmdir();"
    " print(p.exists(), sorted(Path('.').glob('*.txt')));"
    " Path('t').touch(); Path('old.txt').touch(); print(Path('t').is_file(), Path('t').resolve().name)",
    "os.open": "f = os.open('o', os.O_WRONLY | os.O_CREAT); os.write(f, b'1'); os.close(f); print(open('o').read());"
    " f = os.open('old.txt', os.O_RDWR); os.write(f, b'Z'); os.close(f); print(open('old.txt').read());"
    " attempt(lambda: os.open('no', os.O_RDWR)); f = os.open('old.txt', os.O_RDONLY); print(os.read(f, 9))",
    "truncate": "os.truncate('old.txt', 2); print(open('old.txt').read()); os.utime('data/train.csv', (5, 5));"
    " print(os.stat('data/train.csv').st_mtime); os.chmod('empty.txt', 0o600);"
    " print(oct(os.stat('empty.txt').st_mode))",
    "chdir": "os.makedirs('out/run'); os.chdir('out/run'); open('f', 'w').write('1');"
    " print(os.path.relpath(os.getcwd(), START),"
    " os.listdir(), open('../../old.txt').read()); os.chdir('../..');"
    " print(os.getcwd() == START, open('out/run/f').read());"
    " os.chdir('data'); print(open('train.csv').read()); open('w', 'w').close(); print(sorted(os.listdir('.')))",
    "absolute": "p = os.path.join(START, 'abs.txt'); open(p, 'w').write('1');"
    " print(open('abs.txt').read(), open(p).name == p)",
    "links": "os.symlink('old.txt', 'link'); print(open('link').read(), os.path.exists('link'));"
    " os.link('old.txt', 'hard');"
    " print(open('hard').read())",
    "through a link": "open('door/n.txt', 'w').write('n');"
    " print(sorted(os.listdir('data')), open('data/n.txt').read());"
    " os.remove('door/train.csv'); print(sorted(os.listdir('door')), os.path.islink('door'))",
    "temporary": "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n"
    "    open(os.path.join(d, 'f'), 'w').write('1'); print(os.listdir(d))\nprint(os.path.exists(d))\n"
    "with tempfile.NamedTemporaryFile('w+') as f:\n    f.write('1')\nprint(os.path.exists(f.name))",
    "opener": "import tempfile; os.mkdir('cache')\n"
    "with tempfile.NamedTemporaryFile('w', dir='cache', delete=False) as f:\n    f.write('t')\n"
    "print(open(f.name).read(), [os.path.basename(f.name)] == os.listdir('cache'))\n"
    "with open('o', 'w', opener=lambda path, flags: os.open(path, flags)) as g:\n    g.write('1')\n"
    "print(open('o').read(), g.name)",
    "devices": "open('/dev/null', 'w').write('1'); open(os.devnull, 'ab').write(b'1');"
    " print(os.path.exists(os.devnull))",
    "descriptor": "f = open('d', 'w'); g = open(f.fileno(), 'w', closefd=False); g.write('1'); g.flush(); f.close();"
    " print(open('d').read())",
    "with": "with open('w', 'w') as f:\n    print('line', file=f)\nprint(open('w').readlines())",
    "modes": "attempt(lambda: open('old.txt', 'q')); attempt(lambda: open('old.txt', 'rw'));"
    " attempt(lambda: open(None));"
    " attempt(lambda: open('old.txt', mode='w', buffering=0)); attempt(lambda: open('a\\0b', 'w'))",
    "json": "import json; json.dump([1], open('j.json', 'w')); print(json.load(open('j.json')))",
    "pickle": "import pickle\nwith open('p.pkl', 'wb') as f:\n    pickle.dump({'W': np.ones(3)}, f)\n"
    "with open('p.pkl', 'rb') as f:\n    print(pickle.load(f))",
    "numpy": "np.save('W', np.arange(3)); np.savez('Z.npz', a=np.ones(2)); np.savetxt('T.txt', np.eye(2));"
    " np.arange(4.).tofile('raw');"
    " print(np.load('W.npy'), np.load('Z.npz')['a'], np.loadtxt('T.txt'), np.fromfile('raw'))",
    "memory map": "m = np.memmap('mm', dtype='f8', mode='w+', shape=3); m[:] = 2; m.flush(); print(np.fromfile('mm'));"
    " np.save('old.npy', np.zeros(2)); v = np.load('old.npy', mmap_mode='r+'); v[0] = 9; v.flush();"
    " print(np.load('old.npy'))",
    "zip": "import zipfile, gzip, bz2, lzma, tarfile\nfor m in (gzip, bz2, lzma):\n    m.open('c', 'wb').write(b'1')\n"
    "with zipfile.ZipFile('z.zip', 'w') as z, tarfile.open('t.tar', 'w') as t:\n    z.writestr('a', 'b');"
    " t.add('old.txt')\n"
    "print(zipfile.ZipFile('z.zip').namelist(), tarfile.open('t.tar').getnames(), os.path.exists('c'))",
    "logging": "import logging; logging.basicConfig(filename='l.log', format='%(message)s'); logging.warning('w');"
    " logging.shutdown(); print(open('l.log').read())",
    "csv": "import csv; f = open('c.csv', 'w', newline=''); csv.writer(f).writerow([1, 2]); f.close();"
    " print(open('c.csv').read())",
}  # fmt: skip

FRAME = """\
import os, shutil
from pathlib import Path
import numpy as np
START = os.getcwd()
def attempt(action):
    try:
        action()
        print("fine")
    except (OSError, ValueError, TypeError) as error:
        print(type(error).__name__, error)
{snippet}
"""

#: Runs each snippet in a folder of its own, all in one process, and prints what each printed as JSON.
DRIVER = """\
import contextlib, io, json, os, traceback
home, results = os.getcwd(), {}
for name, text in json.load(open("snippets.json")).items():
    os.chdir(os.path.join(home, name))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            exec(compile(text, name, "exec"), {"__name__": name})
        except BaseException:
            print(traceback.format_exc())
    results[name] = printed.getvalue()
os.chdir(home)
print(json.dumps(results))
"""


def _make_folder(home: Path) -> Path:
    """A user's folder with some files and a link to one of its folders."""
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / "door").symlink_to("data")
    return home


@pytest.fixture
def folder(tmp_path):
    return _make_folder(tmp_path / "user")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What every snippet printed under plain Python and under the child, at the same paths."""
    home = tmp_path_factory.mktemp("snippets") / "user"

    def fresh() -> Path:
        for name in SNIPPETS:
            _make_folder(home / name)
        (home / "snippets.json").write_text(json.dumps({n: FRAME.format(snippet=s) for n, s in SNIPPETS.items()}))
        (home / "driver.py").write_text(DRIVER)
        return home / "driver.py"

    plain = run_plain(fresh())
    shutil.rmtree(home)
    script = fresh()
    before = folder_hash(home.parent)
    child = run_child(script)
    assert child.outcome["kind"] == "finished", child.errors
    after = folder_hash(home.parent)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return json.loads(plain.output), json.loads(child.output), changed


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_script_sees_its_writes_and_the_folder_does_not_change(both, name):
    plain, child, changed = both
    assert "Traceback" not in plain[name], plain[name]
    assert child[name] == plain[name]
    assert not [path for path in changed if path.startswith(f"user/{name}/")]


def test_nothing_else_changes(both):
    assert not both[2]


COUNTED = [
    ("open('a', 'w').close(); open('a', 'a').close()", ["1 file the script writes kept aside: a"]),
    (
        "os.makedirs('x/y')\nfor n in '12345':\n    open('x/y/' + n, 'w')",
        ["5 files the script writes kept aside: 1, 2, 3, ..."],
    ),
    ("os.remove('old.txt')", ["1 file the script removes left in place: old.txt"]),
    ("open('a', 'w').close(); os.remove('a')", []),
    ("open('old.txt').read(); open('/dev/null', 'w')", []),
]  # fmt: skip


@pytest.mark.parametrize(("snippet", "said"), COUNTED)
def test_what_was_kept_aside_is_said(folder, snippet, said):
    script = folder / "script.py"
    script.write_text(FRAME.format(snippet=snippet))
    assert run_child(script).changed == said


def test_figures_are_kept_aside_and_show_does_nothing(folder):
    pytest.importorskip("matplotlib")
    script = folder / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import warnings, os
            warnings.simplefilter("error")
            import matplotlib.pyplot as plt
            for number in range(22):
                figure, axes = plt.subplots()
                axes.plot([1, 2])
                if number == 0:
                    plt.savefig("figure.png", dpi=40)
                plt.show()
            print(plt.get_backend().lower(), os.path.getsize("figure.png") > 1000, plt.get_fignums())
            """
        )
    )
    with unchanged_folder(folder):
        ran = run_child(script, environment={"DISPLAY": ":99"})
    assert (ran.output, ran.errors) == ("agg True []\n", "")
    assert ran.changed == ["1 file the script writes kept aside: figure.png"]


def test_a_read_only_folder_is_no_obstacle(folder):
    script = folder / "script.py"
    script.write_text(FRAME.format(snippet="open('new.txt', 'w').write('n'); print(open('new.txt').read())"))
    folder.chmod(0o555)
    try:
        with unchanged_folder(folder):
            assert run_child(script).output == "n\n"
    finally:
        folder.chmod(0o755)


def test_nothing_is_left_in_the_temporary_folder(folder, tmp_path):
    script = folder / "script.py"
    script.write_text("import tempfile, os\ntempfile.mkdtemp()\nopen(tempfile.mkstemp()[1], 'w')\nos._exit(0)\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with unchanged_folder(elsewhere):
        run_child(script, environment={"TMPDIR": os.fspath(elsewhere)})
