"""Turn an OpenVINO IR (version 11, opset1) into ONNX, layer by layer, in our own code.

Only what face-reidentification-retail-0095 uses is understood; anything else is refused by name,
never guessed. Rules:

1. The same IR gives the same bytes, whatever machine converts it, so that the result has a hash.
2. Weights kept as FP16 become float32, which is exact; no weight is changed or folded.
3. The batch axis, 1 in the IR, is opened, so that several faces run at once.

Source of the layer semantics: OpenVINO operation set 1 (Convolution, GroupConvolution, AvgPool,
PReLU, Add, Multiply, Sigmoid) and ONNX operator set 13. Needs the `onnx` package, on
installation only.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["IrError", "onnx_from_ir"]

Weights = npt.NDArray[np.float32]
OPSET = 13
# The oldest ONNX file format that every engine in use reads together with operator set 13.
FILE_FORMAT = 8
_ELEMENTS: dict[str, np.dtype[np.floating]] = {"f16": np.dtype("<f2"), "f32": np.dtype("<f4")}
_PLAIN = {"Add": "Add", "Multiply": "Mul", "Sigmoid": "Sigmoid"}


class IrError(Exception):
    """Refuse an IR: broken, or with a layer that this converter does not know."""


@dataclass(slots=True)
class _Graph:
    """Hold what is built so far; ``names`` maps a layer's id to its tensor, ``held`` to weights."""

    blob: bytes
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    held: dict[str, Weights] = field(default_factory=dict)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)


def onnx_from_ir(xml: bytes, blob: bytes, *, input_name: str, output_name: str) -> bytes:
    """Return the ONNX file of an IR with one input and one output.

    ``xml`` and ``blob`` are the two files of the IR, whose hashes the caller has checked.
    ``input_name`` and ``output_name`` name the tensors of the result. Raises ``IrError`` for a
    layer, an attribute or a data type that is not known here.
    """
    try:
        root = ET.fromstring(xml)  # noqa: S314 - the caller has checked the file's hash
    except ET.ParseError as error:
        raise IrError("the xml file is broken") from error
    sources = _sources(root)
    graph = _Graph(blob)
    layers = root.findall("./layers/layer")
    last = _before_result(layers, sources)
    for layer in layers:
        _add(graph, layer, sources, input_name, output_name if layer is last else None)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise IrError("the network must have one input and one output")
    network = helper.make_graph(
        graph.nodes, "net", graph.inputs, graph.outputs, initializer=graph.initializers
    )
    model = helper.make_model(
        network, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ir2onnx"
    )
    model.ir_version = FILE_FORMAT
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _sources(root: Element) -> dict[str, list[str]]:
    """Return for each layer's id the ids that feed it, in the order of its ports."""
    edges = [(e.attrib["to-layer"], int(e.attrib["to-port"]), e.attrib["from-layer"])
             for e in root.findall("./edges/edge")]  # fmt: skip
    fed: dict[str, list[str]] = {}
    for target, _, origin in sorted(edges):
        fed.setdefault(target, []).append(origin)
    return fed


def _before_result(layers: list[Element], sources: dict[str, list[str]]) -> Element:
    results = [layer for layer in layers if layer.attrib["type"] == "Result"]
    if len(results) != 1:
        raise IrError("the network must have one result")
    origin = sources[results[0].attrib["id"]][0]
    return next(layer for layer in layers if layer.attrib["id"] == origin)


def _add(
    graph: _Graph, layer: Element, sources: dict[str, list[str]], given: str, output: str | None
) -> None:
    ident, kind = layer.attrib["id"], layer.attrib["type"]
    fed = sources.get(ident, [])
    if kind == "Parameter":
        graph.names[ident] = given
        graph.inputs.append(_value(given, _numbers(_data(layer), "shape")))
    elif kind == "Const":
        graph.held[ident] = _constant(graph.blob, _data(layer))
    elif kind == "Convert":
        # Only the decompression of stored weights; a conversion of live values is unknown here.
        graph.held[ident] = graph.held[fed[0]]
    elif kind != "Result":
        # Named before its weights are, so the count in the name is that of the weights so far.
        name = output or f"t{len(graph.initializers)}_{len(graph.nodes)}"
        graph.nodes.append(_node(graph, layer, kind, fed, name))
        graph.names[ident] = name
        if output is not None:
            graph.outputs.append(_value(output, _output_shape(layer)))


def _node(graph: _Graph, layer: Element, kind: str, fed: list[str], name: str) -> onnx.NodeProto:
    title = layer.attrib["name"]
    if kind in _PLAIN:
        inputs = [_input(graph, origin) for origin in fed]
        return helper.make_node(_PLAIN[kind], inputs, [name], name=title)
    if kind == "PReLU":
        slope = graph.held[fed[1]].reshape(-1, 1, 1)  # one per channel of N x C x H x W
        inputs = [_input(graph, fed[0]), _keep(graph, slope)]
        return helper.make_node("PRelu", inputs, [name], name=title)
    if kind == "AvgPool":
        return _pooling(graph, layer, fed, name)
    if kind in {"Convolution", "GroupConvolution"}:
        return _convolution(graph, layer, fed, name)
    raise IrError(f"unknown layer {kind}")


def _pooling(graph: _Graph, layer: Element, fed: list[str], name: str) -> onnx.NodeProto:
    data = _data(layer)
    if data.attrib.get("rounding_type") != "floor" or data.attrib.get("auto_pad") != "explicit":
        raise IrError("unknown pooling")
    return helper.make_node(
        "AveragePool",
        [_input(graph, fed[0])],
        [name],
        name=layer.attrib["name"],
        kernel_shape=_numbers(data, "kernel"),
        strides=_numbers(data, "strides"),
        pads=_numbers(data, "pads_begin") + _numbers(data, "pads_end"),
        count_include_pad=int(data.attrib.get("exclude-pad") != "true"),
    )


def _convolution(graph: _Graph, layer: Element, fed: list[str], name: str) -> onnx.NodeProto:
    data, weights, groups = _data(layer), graph.held[fed[1]], 1
    if data.attrib.get("auto_pad") != "explicit":
        raise IrError("unknown padding")
    if layer.attrib["type"] == "GroupConvolution":
        # IR: groups x out x in x H x W; ONNX: (groups * out) x in x H x W.
        groups = weights.shape[0]
        weights = weights.reshape(-1, *weights.shape[2:])
    return helper.make_node(
        "Conv",
        [_input(graph, fed[0]), _keep(graph, weights)],
        [name],
        name=layer.attrib["name"],
        kernel_shape=list(weights.shape[2:]),
        strides=_numbers(data, "strides"),
        pads=_numbers(data, "pads_begin") + _numbers(data, "pads_end"),
        dilations=_numbers(data, "dilations"),
        group=groups,
    )


def _input(graph: _Graph, origin: str) -> str:
    if origin in graph.held:
        return _keep(graph, graph.held[origin])
    if origin not in graph.names:
        raise IrError("layers are not in the order of their use")
    return graph.names[origin]


def _keep(graph: _Graph, weights: Weights) -> str:
    name = f"w{len(graph.initializers) + 1}"
    graph.initializers.append(numpy_helper.from_array(weights, name))
    return name


def _constant(blob: bytes, data: Element) -> Weights:
    element = _ELEMENTS.get(data.attrib["element_type"])
    if element is None:
        raise IrError("unknown element type")
    offset, size = int(data.attrib["offset"]), int(data.attrib["size"])
    shape = _numbers(data, "shape")
    if offset < 0 or offset + size > len(blob) or size != element.itemsize * int(np.prod(shape)):
        raise IrError("weights lie outside the bin file")
    stored = np.frombuffer(blob, element, count=size // element.itemsize, offset=offset)
    return stored.astype(np.float32).reshape(shape)


def _data(layer: Element) -> Element:
    data = layer.find("data")
    if data is None:
        raise IrError(f"layer {layer.attrib['type']} has no data")
    return data


def _numbers(data: Element, name: str) -> list[int]:
    return [int(part) for part in data.attrib[name].split(",")]


def _output_shape(layer: Element) -> list[int]:
    return [int(dim.text or 0) for dim in layer.findall("./output/port/dim")]


def _value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape[1:]])
