"""Pictures of every kind that people have, upright and in RGB."""

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.pictures import read_picture

SIZE = (6, 8)  # height and width


def colors():
    """A picture whose corners tell which way it is turned."""
    pixels = np.full((*SIZE, 3), 40, np.uint8)
    pixels[:3, :4] = (250, 10, 10)
    pixels[:3, 4:] = (10, 250, 10)
    return pixels


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "webp", "gif"])
def test_every_format_reads(ending, tmp_path):
    path = tmp_path / f"picture.{ending}"
    lossless = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(colors()).save(path, **lossless)
    np.testing.assert_array_equal(read_picture(path), colors())


def test_a_camera_turned_on_its_side_is_turned_back(tmp_path):
    exif = Image.Exif()
    turned = {6: 90, 8: 270, 3: 180}  # how the viewer must turn it, clockwise
    for orientation, degrees in turned.items():
        exif[274] = orientation
        stored = Image.fromarray(colors()).rotate(degrees, expand=True)
        path = tmp_path / f"{orientation}.png"
        stored.save(path, exif=exif)
        np.testing.assert_array_equal(read_picture(path), colors())


def test_sixteen_bits_keep_their_shades(tmp_path):
    shades = np.linspace(0, 65535, 48).reshape(SIZE).astype(np.uint16)
    Image.fromarray(shades).save(tmp_path / "scan.png")
    pixels = read_picture(tmp_path / "scan.png")
    np.testing.assert_array_equal(
        pixels, np.repeat((shades >> 8)[..., None], 3, axis=-1)
    )


def test_one_channel_becomes_three_equal_ones(tmp_path):
    gray = colors()[..., 0]
    Image.fromarray(gray).save(tmp_path / "gray.png")
    np.testing.assert_array_equal(
        read_picture(tmp_path / "gray.png"), np.dstack([gray] * 3)
    )


def test_an_alpha_channel_is_left_out(tmp_path):
    alpha = np.full((*SIZE, 1), 7, np.uint8)
    Image.fromarray(np.dstack([colors(), alpha])).save(tmp_path / "logo.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "logo.png"), colors())


def test_a_palette_with_a_transparent_color_reads(tmp_path):
    picture = Image.fromarray(colors()).quantize(4)
    picture.save(tmp_path / "palette.png", transparency=0)
    np.testing.assert_allclose(
        read_picture(tmp_path / "palette.png"), colors(), atol=2
    )


def test_cmyk_of_a_printer_has_the_same_colors(tmp_path):
    picture = Image.fromarray(colors()).resize((64, 48))
    expected = np.asarray(picture, int)
    picture.convert("CMYK").save(tmp_path / "print.jpg", quality=100)
    pixels = read_picture(tmp_path / "print.jpg")
    assert np.abs(pixels - expected).mean() < 5


def test_a_size_is_what_comes_out(tmp_path):
    Image.fromarray(colors()).resize((640, 480)).save(tmp_path / "large.jpg")
    pixels = read_picture(tmp_path / "large.jpg", (30, 50))
    assert pixels.shape == (30, 50, 3) and pixels.dtype == np.uint8
    assert (pixels[5, 10].argmax(), pixels[5, 40].argmax()) == (0, 1)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "bmp"])
def test_a_picture_that_breaks_off_is_refused(ending, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = tmp_path / f"broken.{ending}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="A picture must.*Received.*broken"):
        read_picture(path)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "notes.jpg").write_text("milk, eggs")
    with pytest.raises(ValueError, match="notes.jpg.*no format that is known"):
        read_picture(tmp_path / "notes.jpg")
    with pytest.raises(ValueError, match="nothing.png.*No such file"):
        read_picture(tmp_path / "nothing.png")
