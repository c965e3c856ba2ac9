"""A picture to a small file of codes and back."""

import keras
import numpy as np
import pytest
from PIL import Image

from keras_papers import pipelines
from keras_papers.applications.generative import (
    VQVAE,
    VQVAE2,
    decoder,
    encoder,
    model_hash,
)
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.generation.codes_file import (
    Codes,
    bits_of,
    pack,
    packed_bytes,
    read_codes,
    unpack,
    write_codes,
)
from tests.support.generate_verbs import fails

HASH = "0123456789abcdef"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of an autoencoder of two levels."""
    path = tmp_path_factory.mktemp("model") / "autoencoder.keras"
    keras.utils.set_random_seed(1)
    VQVAE2((16, 16, 3), 20, 4, include_preprocessing=True).save(path)
    return path


@pytest.fixture
def picture(tmp_path):
    """A picture whose size no stride divides."""
    pixels = np.random.default_rng(0).integers(0, 256, (21, 35, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("size", [1, 2, 3, 16, 17, 512])
def test_codes_are_packed_in_the_bits_that_they_need(size):
    codes = np.random.default_rng(0).integers(0, size, 37)
    packed = pack(codes, size)
    assert len(packed) == packed_bytes(37, size) == -(-37 * bits_of(size) // 8)
    np.testing.assert_array_equal(unpack(packed, 37, size), codes)


@pytest.mark.parametrize("alike", [False, True])
def test_a_file_of_codes_is_read_as_it_was_written(alike, tmp_path):
    generator = np.random.default_rng(0)
    maps = [generator.integers(0, 512, (12, 20)), np.zeros((3, 5), int)]
    maps = [maps[1], np.zeros_like(maps[0]) if alike else maps[0]]
    codes = Codes((48, 77), maps, [7, 512], HASH)
    path = tmp_path / "a.kpc"
    size = write_codes(path, codes)
    assert size == path.stat().st_size
    whole = 22 + 2 * 8 + packed_bytes(15, 7) + packed_bytes(240, 512) + 4
    assert size < 60 if alike else size == whole
    found = read_codes(path)
    assert (found.size, found.num_embeddings) == ((48, 77), [7, 512])
    assert found.model_hash == HASH
    for its, expected in zip(found.maps, maps, strict=True):
        np.testing.assert_array_equal(its, expected)


@pytest.mark.contract
def test_a_picture_comes_back_in_its_own_size(model, picture):
    made = pipelines.compress(picture, model)
    file = picture.with_suffix(".kpc")
    assert made.bytes == file.stat().st_size
    assert made.bits_per_pixel == 8 * made.bytes / (21 * 35)
    assert made.codes == [(3, 5), (6, 10)]
    back = pipelines.decompress(file, model, picture.parent / "back.png")
    assert (back.height, back.width) == (21, 35)
    pixels = read_picture(picture.parent / "back.png")
    assert pixels.shape == (21, 35, 3)
    error = np.mean((pixels.astype(float) - read_picture(picture)) ** 2)
    assert made.psnr == pytest.approx(10 * np.log10(255**2 / error))


def test_without_an_output_the_original_stays_as_it_is(model, picture):
    original = picture.read_bytes()
    made = pipelines.compress(picture, model)
    back = pipelines.decompress(made.output, model)
    assert back.output == str(picture.parent / "photo.decoded.png")
    assert read_picture(back.output).shape == (21, 35, 3)
    assert picture.read_bytes() == original


def test_the_codes_are_those_of_the_padded_picture(model, picture):
    pipelines.compress(picture, model)
    codes = read_codes(picture.with_suffix(".kpc"))
    padded = np.pad(read_picture(picture), [(0, 3), (0, 5), (0, 0)], "edge")
    keras.utils.set_random_seed(1)
    network = VQVAE2((24, 40, 3), 20, 4, include_preprocessing=True)
    trained = keras.saving.load_model(model)
    network.set_weights(trained.get_weights())
    assert codes.model_hash == model_hash(trained)
    expected = encoder(network).predict(padded[None], verbose=0)
    for its, theirs in zip(codes.maps, expected, strict=True):
        np.testing.assert_array_equal(its, theirs[0])
    made = decoder(network).predict(expected, verbose=0)[0, :21, :35]
    pipelines.decompress(
        picture.with_suffix(".kpc"), model, picture.parent / "back.png"
    )
    pixels = read_picture(picture.parent / "back.png")
    np.testing.assert_allclose(pixels, np.clip(made, 0, 255), atol=0.51)


def test_a_file_that_is_cut_off_is_refused(model, picture, capsys, tmp_path):
    pipelines.compress(picture, model)
    file = picture.with_suffix(".kpc")
    content = file.read_bytes()
    flipped = bytes([content[8] ^ 1])
    for wrong, words in (
        (content[:-1], "cut off or damaged"),
        (content[:20], "cut off or damaged"),
        (content[:4], "cut off or damaged"),
        (content[:8] + flipped + content[9:], "cut off or damaged"),
        (content[:3], "does not begin with 'KPC1'"),
        (b"", "does not begin with 'KPC1'"),
    ):
        file.write_bytes(wrong)
        assert words in fails(capsys, "decompress", file, "--model", model)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("photo.png", "photo.kpc")
    }


def test_codes_of_another_model_are_refused(model, picture, capsys, tmp_path):
    other = tmp_path / "other.keras"
    keras.utils.set_random_seed(2)
    VQVAE2((16, 16, 3), 20, 4, include_preprocessing=True).save(other)
    pipelines.compress(picture, other)
    file = picture.with_suffix(".kpc")
    line = fails(capsys, "decompress", file, "--model", model)
    assert "the autoencoder whose codes the file has" in line
    assert {path.name for path in tmp_path.iterdir()} == {
        *("other.keras", "photo.png", "photo.kpc")
    }


def test_wrong_files_are_refused_in_a_sentence(model, picture, capsys):
    folder = picture.parent
    text = folder / "text.jpg"
    text.write_text("no picture")
    damaged = folder / "damaged.keras"
    damaged.write_text("no model")
    gray = folder / "gray.keras"
    VQVAE((16, 16, 1), 20, 4).save(gray)
    for arguments, words in (
        (("compress", "missing.png", "--model", model), "which is no file"),
        (("compress", text, "--model", model), "no format that is known"),
        (("compress", picture, "--model", folder), "there is no such file"),
        (("compress", picture, "--model", damaged), "cannot be read as one"),
        (("compress", picture, "--model", gray), "RGB pixels in [0, 255]"),
        (
            ("compress", picture, "--model", model, "--output", "a.png"),
            "ends with .kpc",
        ),
        (("decompress", picture, "--model", model), "'KPC1'"),
    ):
        assert words in fails(capsys, *arguments)
    assert not [*folder.glob("*.kpc")]


def test_an_array_or_a_model_in_place_of_a_path_is_named(tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(photo)
    network = keras.Sequential()
    for call, words in (
        (
            lambda: pipelines.compress(np.zeros((8, 8, 3)), "out"),
            "`picture` is the path of a picture.*of type ndarray. Pass the",
        ),
        (
            lambda: pipelines.compress(photo, network),
            "`model` is the path of a folder.*of type Sequential. Pass the",
        ),
        (
            lambda: pipelines.decompress(np.zeros((2, 2)), "out"),
            "`codes` is the path of a .kpc file.*of type ndarray",
        ),
        (
            lambda: pipelines.draw_samples(network, tmp_path / "a.png"),
            "`model` is the path of a folder.*of type Sequential",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            call()
