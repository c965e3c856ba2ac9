"""`weights="imagenet"`, fetched from a host of the test's own."""

import hashlib
import http.server
import inspect
import threading
from pathlib import Path
from urllib.parse import urlsplit

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.pretrained import published as _published
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.registry import get_record
from tests.support.answers import answers, images_for, spread
from tests.support.legacy_files import save_legacy
from tests.support.models import peer, weights_of
from tests.support.torch_files import content_of, draw_tensors

# One published network of each kind, at the smallest images it has.
V1 = ("MobileNet", (128, 128, 3), {"alpha": 0.25})
FILE = "/tensorflow/keras-applications/mobilenet/mobilenet_2_5_128_tf.h5"
V2 = ("MobileNetV2", (96, 96, 3), {"alpha": 0.35})
V3 = ("MobileNetV3Small", (32, 32, 3), {"alpha": 0.75})
B0 = ("EfficientNetB0", (96, 96, 3), {})
NETWORKS = [
    B0,
    V1,
    V2,
    V3,
    ("MobileNetV3Small", (32, 32, 3), {"minimalistic": True}),
    ("MobileNetV3Large", (32, 32, 3), {"alpha": 0.75}),
    ("MobileNetV3Large", (32, 32, 3), {"minimalistic": True}),
]
FAMILIES = {
    name: get_record(name).published
    for name in applications.list_models()
    if hasattr(keras.applications, name)
}

PUBLISHED_HOST = _published.HOST
TABLE_1 = applications.efficientnet.TABLE_1


@pytest.fixture(autouse=True)
def same_weights_each_time():
    keras.utils.set_random_seed(0)


class Host:
    """Serves files on this machine in place of the published ones."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}  # path in the URL: bytes
        self.share = 1.0  # of each file that is sent before the end
        self.asked = []

    def publish(self, monkeypatch, theirs, network, rightly=True):
        """Serves the weights of `theirs` under the published path and hash."""
        name, (size, *_), arguments = network
        family = FAMILIES[name]
        top = theirs.layers[-1].name == "predictions"
        networks = family.with_top if top else family.no_top
        second = size if family.sizes else arguments.get("minimalistic", False)
        key = (arguments.get("alpha", 1.0), second)
        key = key[: len(next(iter(networks)))]  # most have their width alone
        path = self.folder / "published.h5"
        save_legacy(theirs, path)
        content = path.read_bytes()
        md5 = hashlib.md5(content if rightly else b"other").hexdigest()
        if networks[key].md5 is not None or not rightly:
            published = networks[key]._replace(md5=md5)
            monkeypatch.setitem(networks, key, published)
        published = networks[key]
        self.files[f"/{published.folder}/{published.path}.h5"] = content

    def answer(self, request):
        self.asked.append(request.path)
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: int(self.share * len(content))])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keeps Keras from the user's own cache, by a folder that exists."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(
        "keras.src.utils.file_utils.config.keras_home", lambda: str(folder)
    )
    return folder / "models"


@pytest.fixture(autouse=True)
def host(cache, tmp_path, monkeypatch):
    host = Host(tmp_path)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            host.answer(self)

        def log_message(self, *_):
            """Stays silent."""

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name in ("HOST", "HUB"):
            monkeypatch.setattr(
                _published, name, f"http://127.0.0.1:{server.server_port}"
            )
        yield host
        server.shutdown()
        thread.join()


def ours(network, **arguments):
    name, shape, variant = network
    return applications.get(name)(
        input_shape=shape, **variant, weights="imagenet", **arguments
    )


def theirs(network, **arguments):
    name, shape, variant = network
    return peer(name, input_shape=shape, **variant, **arguments)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_published_files_load(network, host, cache, monkeypatch):
    logits = {"classifier_activation": None}
    reference = theirs(network, **logits)
    host.publish(monkeypatch, reference, network)
    model = ours(network, name="my_own_name", **logits)
    name, shape, variant = network
    images = images_for(model, 2)
    expected = answers(reference, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(model, images), expected, atol=1e-4 * spread(expected)
    )
    (file,) = cache.iterdir()
    assert [file.name] == [path.rpartition("/")[2] for path in host.asked]
    fresh = applications.get(name)(
        input_shape=shape, **variant, name="my_own_name", **logits
    )
    assert model.get_config() == fresh.get_config()


@pytest.mark.parametrize("network", [B0, V1, V2, V3], ids=str)
def test_published_files_without_top_load(network, host, monkeypatch):
    reference = theirs(network, include_top=False)
    host.publish(monkeypatch, reference, network)
    model = ours(network, include_top=False, pooling="avg")
    for our, their in zip(model.weights, weights_of(reference), strict=True):
        np.testing.assert_array_equal(our.numpy(), their)
    assert host.asked[0].endswith(("_no_top.h5", "_no_top_v2.h5", "_notop.h5"))


def test_a_file_is_fetched_once(host, monkeypatch):
    host.publish(monkeypatch, theirs(V1), V1)
    for _ in range(2):
        ours(V1)
    assert len(host.asked) == 1


def test_other_classes_and_channels_take_the_file_of_1000(host, monkeypatch):
    reference = theirs(V1)
    host.publish(monkeypatch, reference, V1)
    gray = ("MobileNet", (128, 128, 1), {"alpha": 0.25})
    with pytest.warns(
        UserWarning, match="'stem' .*'logits' .* 1000 "
    ) as caught:
        model = ours(gray, classes=7)
    assert len(caught) == 1
    our, their = model.weights, reference.weights
    for one, other in zip(our[1:-2], their[1:-2], strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("network", [V1, V3], ids=str)
def test_a_wrong_hash_is_an_error_and_the_file_is_removed(
    network, host, cache, monkeypatch
):
    host.publish(monkeypatch, theirs(network), network, rightly=False)
    with pytest.raises(ValueError, match="`weights=.*Received: http.*hash"):
        ours(network)
    assert not list(cache.iterdir())
    assert len(host.asked) == 1


@pytest.mark.parametrize("network", [V1, V3], ids=str)
def test_a_cut_connection_is_an_error_and_the_file_is_removed(
    network, host, cache, monkeypatch
):
    host.publish(monkeypatch, theirs(network), network)
    host.share = 0.5
    with pytest.raises(ValueError, match="Received: http.*be fetched.*got"):
        ours(network)
    assert not list(cache.iterdir())
    host.share = 1.0
    assert ours(network).built


def test_a_missing_file_is_an_error_that_names_its_url(host, cache):
    url = f"{_published.HOST}{FILE}"
    with pytest.raises(ValueError, match=f"Received: {url}, .*404.*Try again"):
        ours(V1)
    assert not list(cache.iterdir())


def test_a_page_in_place_of_a_file_is_an_error_and_is_removed(host, cache):
    """The answer of a login page; V1 and V2 have no hash to compare."""
    host.files[FILE] = b"<html>Log in</html>"
    with pytest.raises(ValueError, match="cannot be read.*fetch it again"):
        ours(V1)
    assert not list(cache.iterdir())


# Of the networks of keras.applications that are in no list above, a file each.
LARGER = [
    ("InceptionV3", (75, 75, 3), {}),
    ("InceptionResNetV2", (75, 75, 3), {}),
    ("VGG16", (32, 32, 3), {}),
    ("ResNet50", (32, 32, 3), {}),
    ("ResNet50V2", (32, 32, 3), {}),
]


@pytest.mark.slow
@pytest.mark.parametrize("network", LARGER, ids=str)
def test_published_files_of_larger_networks_load(network, host, monkeypatch):
    reference = theirs(network, include_top=False)
    host.publish(monkeypatch, reference, network)
    model = ours(network, include_top=False)
    images = images_for(model, 2)
    images[1] *= 3  # two images of one brightness are alike to VGG16
    expected = answers(reference, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(model, images), expected, atol=1e-4 * spread(expected)
    )
    assert host.asked[0].endswith("_notop.h5")


@pytest.mark.parametrize("network", LARGER, ids=str)
@pytest.mark.parametrize(
    "content, message",
    [
        (None, "404"),
        (b"<html>Log in</html>", "hash"),
    ],
)
def test_no_file_of_a_larger_network_that_is_not_theirs_is_taken(
    network, content, message, host, cache
):
    (published,) = FAMILIES[network[0]].no_top.values()
    if content is not None:
        host.files[f"/{published.folder}/{published.path}.h5"] = content
    with pytest.raises(ValueError, match=f"could not be fetched.*{message}"):
        ours(network, include_top=False)
    assert not list(cache.iterdir())


TIMM = "/timm/mobilenetv3_small_050.lamb_in1k/resolve/main/model.safetensors"


def of_timm(weights="timm", **arguments):
    return applications.MobileNetV3Small(
        (32, 32, 3), 0.5, weights=weights, **arguments
    )


@pytest.fixture(scope="module")
def of_timms_file():
    return content_of(draw_tensors("timm/mobilenetv3_small_050"))


@pytest.mark.parametrize(
    "weights",
    [
        "timm",
        "timm/lamb_in1k",
        "timm/mobilenetv3_small_050",
        "timm/mobilenetv3_small_050.lamb_in1k",
    ],
)
def test_a_file_of_timm_is_fetched_once(weights, of_timms_file, host, cache):
    host.files[TIMM] = of_timms_file
    model = of_timm(weights)
    of_timm(weights)
    assert host.asked == [TIMM]
    (file,) = cache.iterdir()
    assert file.name == "mobilenetv3_small_050.lamb_in1k.safetensors"
    assert model.get_layer("stem_norm").epsilon == 1e-5
    mean = -np.ravel(model.get_layer("preprocessing").offset)
    np.testing.assert_allclose(mean[0] * 0.229, 0.485, rtol=1e-5)


def test_a_file_that_cannot_be_fetched_is_named_as_it_is_to_be_saved(
    host, cache
):
    """timm calls all its files model.safetensors: the tag would be lost."""
    with pytest.raises(ValueError) as error:
        of_timm()
    text = str(error.value)
    assert "save it as mobilenetv3_small_050.lamb_in1k.safetensors" in text
    assert "404" in text and text.count("http") == 1


def test_a_file_of_timm_that_is_cut_is_removed(of_timms_file, host, cache):
    host.files[TIMM], host.share = of_timms_file, 0.5
    with pytest.raises(ValueError, match="`weights='timm/mob.*be fetched"):
        of_timm()
    assert not list(cache.iterdir())
    host.share = 1.0
    assert of_timm().built


def test_a_page_in_place_of_a_file_of_timm_is_removed(host, cache):
    host.files[TIMM] = b"<html>Log in</html>"
    with pytest.raises(ValueError, match="which is a page of HTML. Fetch"):
        of_timm()
    assert not list(cache.iterdir())


def test_a_file_that_timm_has_not_is_an_error_that_names_its_url(host, cache):
    with pytest.raises(ValueError, match=f"host of timm.*{TIMM}.*404.*Try ag"):
        of_timm()
    assert not list(cache.iterdir())


def test_without_a_host_and_a_cache_the_error_says_so(monkeypatch, cache):
    monkeypatch.setattr(_published, "HUB", "http://127.0.0.1:9")
    with pytest.raises(ValueError, match="host of timm.*save it as.*its path"):
        of_timm()


class Asked(Exception):
    """Ends a constructor where it asks for its file."""


@pytest.mark.slow
@pytest.mark.parametrize("include_top", [True, False])
@pytest.mark.parametrize(
    "network",
    [
        V1,
        ("EfficientNetB0", (224, 224, 3), {}),
        ("EfficientNetB5", (456, 456, 3), {}),
        ("MobileNet", (160, 160, 3), {"alpha": 1}),
        ("MobileNetV2", (192, 192, 3), {"alpha": 1.4}),
        ("MobileNetV2", (160, 160, 3), {"alpha": 1}),
        ("MobileNetV3Small", (224, 224, 3), {"minimalistic": True}),
        ("MobileNetV3Large", (224, 224, 3), {"alpha": 0.75}),
    ],
    ids=str,
)
def test_urls_and_hashes_are_those_of_keras_applications(
    network, include_top, monkeypatch
):
    monkeypatch.setattr(_published, "HOST", PUBLISHED_HOST)
    signature = inspect.signature(keras.utils.get_file)
    asked = []

    def get_file(*args, **kwargs):
        call = signature.bind(*args, **kwargs).arguments
        origin, subdir = call["origin"], call["cache_subdir"]
        name = call.get("fname") or Path(urlsplit(origin).path).name
        asked.append((origin, name, subdir, call.get("file_hash")))
        raise Asked

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    name, shape, variant = network
    with pytest.raises(Asked):
        getattr(keras.applications, name)(
            input_shape=shape,
            **variant,
            include_top=include_top,
            weights="imagenet",
        )
    with pytest.raises(ValueError, match="imagenet") as error:
        ours(network, include_top=include_top, name="my_own_name")
    assert isinstance(error.value.__cause__, Asked)
    assert asked[0] == asked[1]


def test_efficientnets_hashes_are_those_of_keras_applications():
    from keras.src.applications import efficientnet as reference

    hashes = applications.efficientnet.MD5S
    assert {name.lower(): pair for name, pair in hashes.items()} == (
        reference.WEIGHTS_HASHES
    )


@pytest.mark.parametrize("kind", ["large", "small"])
def test_published_hashes_are_those_of_keras_applications(kind):
    from keras.src.applications import mobilenet_v3 as reference

    family = FAMILIES[f"MobileNetV3{kind.title()}"]
    hashes = {
        f"{kind}{'_minimalistic' * minimalistic}_224_{alpha}_float": (
            family.with_top[alpha, minimalistic].md5,
            family.no_top[alpha, minimalistic].md5,
        )
        for alpha, minimalistic in family.with_top
    }
    assert family.with_top.keys() == family.no_top.keys()
    assert hashes == {
        name: pair
        for name, pair in reference.WEIGHTS_HASHES.items()
        if name.startswith(kind)
    }


@pytest.mark.parametrize(
    "name, arguments, variants",
    [
        ("MobileNet", {"alpha": 0.35}, "0.25.*: alpha=0.35, size=224"),
        ("MobileNet", {"shallow": True}, "224.*shallow=True"),
        ("MobileNetV2", {"input_shape": (100, 100, 3)}, "1.4.*size=100"),
        (
            "MobileNetV2",
            {"input_shape": (96, 128, 3)},
            r"size=\(96, 128\)",
        ),
        ("MobileNetV2", {"input_shape": (None, None, 3)}, "size=None"),
        ("MobileNetV3Small", {"alpha": 0.5}, "0.75.*: alpha=0.5"),
        (
            "MobileNetV3Large",
            {"alpha": 0.75, "minimalistic": True},
            "1.0 where minimalistic.*: alpha=0.75, minimalistic=True",
        ),
    ],
)
def test_imagenet_names_the_variants_that_exist(name, arguments, variants):
    with pytest.raises(ValueError, match=f"published variants.*{variants}"):
        applications.get(name)(**{"weights": "imagenet", **arguments})


@pytest.mark.parametrize(
    "rows, received",
    [
        (TABLE_1[:6], r"len\(rows\)=6"),
        ((*TABLE_1[:6], TABLE_1[6]._replace(k=5)), r"rows\[6\]=Row.*k=5"),
    ],
)
def test_imagenet_is_of_the_papers_rows(rows, received, host):
    with pytest.raises(ValueError, match=f"the paper's table.*: .*{received}"):
        ours(B0, rows=rows)
    assert host.asked == []
    with pytest.raises(ValueError, match="could not be fetched"):
        ours(B0, rows=list(map(list, TABLE_1)))
    assert host.asked[0].endswith("/efficientnetb0.h5")


@pytest.mark.parametrize(
    "size, published",
    [
        ((300, 300), 224),
        ((None, None), 224),
        ((96, 128), 224),
        ((96, 96), 96),
    ],
)
def test_without_top_other_sizes_take_the_weights_of_224(size, published):
    source = check_weights(
        "imagenet",
        include_top=False,
        images=keras.Input((*size, 3)),
        family=FAMILIES["MobileNetV2"],
        alpha=0.5,
    )
    assert source.file.path.endswith(f"_0.5_{published}_no_top")
