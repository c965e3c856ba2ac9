"""Detectors of torchvision with random weights.

To be imported behind `pytest.importorskip("timm")`. Of torchvision's operators
in C++ only their names are there; suppression is that of its documentation, a
loop.
"""

import numpy as np

# Its import makes that of torchvision possible.
from tests.support.torch_networks import create, torch, torchvision

ImageList = torchvision.models.detection.image_list.ImageList
box_operators = torchvision.ops.boxes
LIBRARY = torch.library.Library("torchvision", "IMPL")


def suppressed(boxes, scores, threshold):
    """Returns the numbers of the boxes that remain, the best first."""
    order = torch.argsort(scores, descending=True)
    overlaps = np.asarray(torchvision.ops.box_iou(boxes, boxes))
    kept = []
    for number in order.tolist():
        if (overlaps[number, kept] <= threshold).all():
            kept.append(number)
    return torch.tensor(kept, dtype=torch.int64)


LIBRARY.impl("nms", suppressed, "CPU")
box_operators._assert_has_ops = lambda: None


def create_detector(name, images):
    """Creates a detector, with weights whose outputs for images differ.

    Args:
        name: Of torchvision's function.
        images: Array `(batch, height, width, 3)` of pixels in [0, 255], whose
            statistics the normalizations have.
    """
    network = create("torchvision", name).double()
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            width = module.weight[0].numel() ** -0.5
            module.weight.data.normal_(0, width, generator=generator)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=generator)
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.2, generator=generator)
            module.momentum = 1.0
    for head in network.head.classification_head.modules():
        if isinstance(head, torch.nn.Conv2d) and head.bias is not None:
            head.weight.data.mul_(2)  # so that scores differ
    network.train()
    raw(network, images)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # A division by less would enlarge the rounding of the pixels.
            module.running_var.clamp_(min=0.05)
    return network.eval()


def raw(network, images):
    """Returns the outputs of the heads, and the anchors of each image."""
    pixels = torch.tensor(images.transpose(0, 3, 1, 2) / 255)
    batch = torch.stack([network.transform.normalize(each) for each in pixels])
    with torch.no_grad():
        features = list(network.backbone(batch).values())
        outputs = network.head(features)
    sizes = [tuple(images.shape[1:3])] * len(images)
    anchors = network.anchor_generator(ImageList(batch, sizes), features)
    return outputs, anchors


def losses(network, outputs, anchors, objects):
    """Returns the loss of the boxes and of the classes.

    Args:
        network: The detector.
        outputs: What `raw` returns.
        anchors: Likewise.
        objects: Dict of `"boxes"` and `"classes"`, padded.
    """
    targets, matches = [], []
    for image, boxes in enumerate(anchors):
        is_object = objects["classes"][image] >= 0
        target = {
            "boxes": torch.tensor(objects["boxes"][image][is_object]),
            "labels": torch.tensor(objects["classes"][image][is_object] + 1),
        }
        targets.append(target)
        if not is_object.any():
            matches.append(torch.full((len(boxes),), -1))
            continue
        overlaps = box_operators.box_iou(target["boxes"], boxes)
        matches.append(network.proposal_matcher(overlaps))
    found = network.compute_loss(targets, outputs, anchors, matches)
    return float(found["bbox_regression"]), float(found["classification"])


def detections(network, images):
    """Returns the boxes, scores and labels of each image, as arrays."""
    pixels = torch.tensor(images.transpose(0, 3, 1, 2) / 255)
    with torch.no_grad():
        found = network(list(pixels))
    return [{k: np.asarray(v) for k, v in each.items()} for each in found]
