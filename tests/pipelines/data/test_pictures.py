"""Pictures of every kind that people have, upright and in RGB."""

import struct
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from keras_papers.pipelines.data.pictures import read_picture

SIZE = (6, 8)  # height and width


def colors():
    """A picture whose corners show which way it is turned."""
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


RAMP = np.linspace(0, 1, 48).reshape(SIZE)
GRAYS = np.repeat(np.rint(255 * RAMP)[..., None], 3, axis=-1)


def tiff_tags(**values):
    """Returns tags of a TIFF for Pillow to write."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    names = {"photometric": 262, "smallest": 340, "largest": 341}
    for name, value in values.items():
        tags[names[name]] = value
    return tags


@pytest.mark.parametrize("ending", ["png", "tiff"])
@pytest.mark.parametrize("white", [255, 4095, 65535])
def test_values_in_16_bits_fill_the_shades(white, ending, tmp_path):
    path = tmp_path / f"scan.{ending}"
    Image.fromarray(np.rint(white * RAMP).astype(np.uint16)).save(path)
    np.testing.assert_allclose(read_picture(path), GRAYS, atol=1)


@pytest.mark.parametrize("white", [255, 4095, 65535])
def test_values_in_32_bits_fill_the_shades(white, tmp_path):
    path = tmp_path / "scan.tiff"
    Image.fromarray(np.rint(white * RAMP).astype(np.int32)).save(path)
    np.testing.assert_allclose(read_picture(path), GRAYS, atol=1)


@pytest.mark.parametrize("white", [1, 255])
def test_floats_up_to_1_and_up_to_255_fill_the_shades(white, tmp_path):
    path = tmp_path / "float.tiff"
    Image.fromarray((white * RAMP).astype(np.float32)).save(path)
    np.testing.assert_array_equal(read_picture(path), GRAYS)


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_order_of_bytes_reads(order, tmp_path):
    """Pillow writes one of them; a microscope may write the other."""
    values = np.rint(65535 * RAMP).astype(order + "u2")
    height, width = SIZE
    entries = [(256, width), (257, height), (258, 16), (259, 1), (262, 1)]
    entries += [(273, 8 + 2 + 12 * 8 + 4), (278, height), (279, values.nbytes)]
    data = {"<": b"II", ">": b"MM"}[order]
    data += struct.pack(order + "HIH", 42, 8, len(entries))
    for tag, value in entries:
        data += struct.pack(order + "HHII", tag, 4, 1, value)
    (tmp_path / "scan.tif").write_bytes(data + bytes(4) + values.tobytes())
    np.testing.assert_allclose(
        read_picture(tmp_path / "scan.tif"), GRAYS, atol=1
    )


def test_what_a_tiff_records_comes_before_what_is_likely(tmp_path):
    path = tmp_path / "record.tiff"
    dark = (200 * RAMP).astype(np.uint16)
    tags = tiff_tags(largest=1023)
    Image.fromarray(dark).save(path, tiffinfo=tags)
    np.testing.assert_array_equal(read_picture(path)[..., 0], dark >> 2)
    height = (2 * RAMP - 1).astype(np.float32)
    tags = tiff_tags(smallest=-1.0, largest=1.0)
    Image.fromarray(height).save(path, tiffinfo=tags)
    np.testing.assert_allclose(read_picture(path), GRAYS, atol=1)


def test_white_may_be_zero(tmp_path):
    path = tmp_path / "fax.tiff"
    values = np.rint(65535 * RAMP).astype(np.uint16)
    Image.fromarray(values).save(path, tiffinfo=tiff_tags(photometric=0))
    np.testing.assert_allclose(read_picture(path), 255 - GRAYS, atol=1)


def test_a_pnm_of_12_bits_is_dark_where_its_header_makes_it_dark(tmp_path):
    values = np.rint(100 * RAMP).astype(">u2")
    head = b"P5 %d %d 4095\n" % SIZE[::-1]
    (tmp_path / "dark.pgm").write_bytes(head + values.tobytes())
    np.testing.assert_allclose(
        read_picture(tmp_path / "dark.pgm")[..., 0], values >> 4, atol=1
    )


@pytest.mark.parametrize(
    "values, reason",
    [
        (np.linspace(-5, 200, 48), "values from -5 to 200"),
        (np.linspace(0, 1000, 48), "values from 0 to 1000"),
        (np.full(48, np.nan), "not finite"),
        (np.arange(-8, 40), "values from -8 to 39"),
        (np.arange(48) * 70_000, "to 3.29e"),
    ],
)
def test_values_without_a_black_and_a_white_are_refused(
    values, reason, tmp_path
):
    kind = np.float32 if values.dtype.kind == "f" else np.int32
    Image.fromarray(values.reshape(SIZE).astype(kind)).save(
        tmp_path / "map.tiff"
    )
    with pytest.raises(ValueError, match=f"map.tiff.*{reason}"):
        read_picture(tmp_path / "map.tiff")


def png_of_16_bits(path, colors):
    """Writes what Pillow reads and does not write: 16 bits of each color."""

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", check)
        )

    height, width, channels = colors.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">2I5B", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colors)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colors_of_12_bits_in_16_do_not_turn_black(channels, tmp_path):
    path = tmp_path / "color.png"
    values = np.repeat((65535 * RAMP)[..., None], channels, axis=-1)
    png_of_16_bits(path, values)
    np.testing.assert_allclose(read_picture(path), GRAYS, atol=1)
    values[..., :3] /= 16
    if channels != 3:
        values[..., :-1] = (4095 * RAMP)[..., None]
        values[..., -1] = 65535
    png_of_16_bits(path, values)
    with pytest.raises(ValueError, match="color.png.*upper 4 are empty"):
        read_picture(path)


def test_one_bit_is_black_or_white(tmp_path):
    bits = colors()[..., 0] > 127
    Image.fromarray(bits).save(tmp_path / "fax.png")
    np.testing.assert_array_equal(
        read_picture(tmp_path / "fax.png")[..., 1], 255 * bits
    )


def test_gray_with_an_alpha_channel_keeps_its_shades(tmp_path):
    gray = colors()[..., 0]
    Image.fromarray(np.dstack([gray, gray])).save(tmp_path / "logo.png")
    np.testing.assert_array_equal(
        read_picture(tmp_path / "logo.png"), np.dstack([gray] * 3)
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


def test_heic_of_a_phone_reads(tmp_path):
    picture = Image.fromarray(colors()).resize((64, 48))
    pillow_heif.from_pillow(picture).save(tmp_path / "phone.heic", quality=95)
    pixels = read_picture(tmp_path / "phone.heic", (48, 64)).astype(int)
    assert np.abs(pixels - np.asarray(picture, int)).mean() < 8


def test_heic_without_the_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    head = struct.pack(">I4s4sI4s", 20, b"ftyp", b"heic", 0, b"mif1")
    (tmp_path / "phone.heic").write_bytes(head + bytes(100))
    with pytest.raises(ValueError, match=r"phone.heic.*keras-papers\[heif\]"):
        read_picture(tmp_path / "phone.heic")


@pytest.mark.filterwarnings("ignore:Image size.*bomb")  # without the name
def test_a_picture_that_is_very_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    Image.fromarray(colors()).save(tmp_path / "wall.png")
    with pytest.warns(UserWarning, match="wall.png holds 8 x 6 pixels"):
        read_picture(tmp_path / "wall.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(ValueError, match="wall.png.*exceeds limit"):
        read_picture(tmp_path / "wall.png")
