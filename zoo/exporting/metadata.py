"""What a TensorFlow Lite file says of itself, and each of its weights once.

The file's flatbuffer has a list of named buffers for metadata. `NAME` there is the JSON of
`facts.text`: what goes in and out, in which range and layout, so that an app needs no second file.

The converter writes a tensor for each place in which it is used, and equal ones more than once:
here they come to share one buffer.  It also names each tensor by the path of the layer that it is
from, which no runtime reads: of the released generators' files 2 to 5 % in float32, 3 to 9 % in the
quantized ones, and 12 to 19 % of a PixelRNN's, whose sampler has thousands of tensors.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NAME = "zoo.facts.json"


def embed(content, facts):
    """Returns the file `content` with `facts` (a string) in it, its equal buffers shared, and no
    names but those of inputs and outputs."""
    model = schema.ModelT.InitFromPackedBuf(content)
    _share_buffers(model)
    _drop_names(model)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(facts.encode(), np.uint8)
    entry.name, entry.buffer = NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(entry)
    builder = _Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def read(content, name=NAME):
    """Returns the bytes of the metadata `name` of a file, or None."""
    model = schema.Model.GetRootAs(content, 0)
    for i in range(model.MetadataLength()):
        entry = model.Metadata(i)
        if entry.Name() == name.encode():
            return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
    return None


def _share_buffers(model):
    """Lets tensors of equal values name one buffer; buffer 0 is that of no value by convention."""
    kept, first, places = [model.buffers[0]], {}, {0: 0}
    for number, buffer in enumerate(model.buffers[1:], 1):
        # Each tensor that is computed has an empty buffer of its own.
        key = number if buffer.data is None or not len(buffer.data) else bytes(buffer.data)
        if key not in first:
            first[key] = len(kept)
            kept.append(buffer)
        places[number] = first[key]
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            tensor.buffer = places[tensor.buffer]
    for entry in model.metadata:
        entry.buffer = places[entry.buffer]
    model.buffers = kept


def _drop_names(model):
    for subgraph in model.subgraphs:
        shown = {*subgraph.inputs, *subgraph.outputs}
        for number, tensor in enumerate(subgraph.tensors):
            if number not in shown:
                tensor.name = None


class _Builder(flatbuffers.Builder):
    """Aligns byte vectors, which weights are, as the schema asks for and its writer does not."""

    def StartVector(self, elemSize, numElems, alignment):  # noqa: N802, N803
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)
