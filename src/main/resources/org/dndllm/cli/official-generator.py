"""The official generator, for `dnd bench compare`.

Imports the model classes of a checkout that the user has, gives them the weights of one of our bundles, and runs a forward
pass whenever it is asked to. Needs PyTorch and nothing else. One JSON object a line on standard input and output: first the
job, answered when everything is loaded and warm; then {"precision": ...} for each pass, answered with its times. The end of
the input ends the program. A failure is answered with {"error": ...} and exit code 1.
"""

import contextlib
import ctypes
import hashlib
import importlib
import json
import mmap
import os
import sys
import time
import types

PACKAGES = ("workspace", "workspace.dnd", "workspace.dnd.model", "workspace.dnd.module")
SOURCES = ("workspace/dnd/model/decoderonly.py", "workspace/dnd/module/hyperconv.py")

ANSWERS = sys.stdout
sys.stdout = sys.stderr  # whatever the official code prints is no answer


def answer(**values):
    ANSWERS.write(json.dumps(values) + "\n")
    ANSWERS.flush()


def official_models(folder):
    """The module with the official classes, without its packages' initialisers: those import encoders and data sets."""
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(folder, *name.split("."))]
        sys.modules[name] = package
    return importlib.import_module("workspace.dnd.model.decoderonly")


def sha256(folder):
    digest = hashlib.sha256()
    for source in SOURCES:
        with open(os.path.join(folder, source), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


class Files:
    """Float32 values where they lie in files, mapped."""

    def __init__(self):
        self.mapped = {}

    def floats(self, path, offset, count):
        if path not in self.mapped:
            with open(path, "rb") as file:
                # private and writable, as PyTorch wants its memory; nobody writes
                self.mapped[path] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        values = torch.frombuffer(self.mapped[path], dtype=torch.float32, count=count, offset=offset)
        return values if values.data_ptr() % 64 == 0 else values.clone()

    def weight(self, stored):
        pieces = [self.floats(p["file"], p["offset"], p["count"]) for p in stored["pieces"]]
        return (pieces[0] if len(pieces) == 1 else torch.cat(pieces)).view(stored["shape"])


def build(job, files):
    """The official model with the given weights; its constructor runs without memory, since its random ones are not used."""
    models = official_models(job["official"])
    stages = [tuple(stage) for stage in job["stages"]]
    config = {"features": stages, "condition_dim": stages[0], "kernel_size": job["kernel"]}
    unused = torch.zeros(1)  # weights of the training loss
    # "Glove" is the official name of: the condition is there already, take it as it is
    with torch.device("meta"):
        if "text_length" in job:
            model = models.HyperConvDecoderModel_SuperLarge(config, unused, "Glove", job["text_length"], stages[0][1])
        else:
            model = models.HyperConvDecoderModel_FullCond(config, unused, "Glove")
    weights = {stored["name"]: files.weight(stored) for stored in job["weights"]}
    keys = model.load_state_dict(weights, strict=False, assign=True)
    wrong = [key for key in keys.missing_keys if key != "criterion_weight"] + keys.unexpected_keys
    if wrong:
        raise ValueError("the official model and the bundle differ in the weights " + ", ".join(wrong[:5]))
    model.criterion_weight = unused
    return model.eval().to(job["device"])


def forward(model, condition, device, precision):
    """Tokens, seconds from condition to tokens in the host's memory, and seconds of the pass alone."""
    synchronise = torch.cuda.synchronize if device == "cuda" else lambda: None
    half = precision == "bf16"
    context = torch.autocast(device, dtype=torch.bfloat16) if half else contextlib.nullcontext()
    with context:
        start = time.perf_counter()
        states = condition.to(device)
        synchronise()
        begin = time.perf_counter()
        tokens = model.generate(condition={"input_ids": states})
        synchronise()
        end = time.perf_counter()
        tokens = tokens.float().cpu()
    return tokens, time.perf_counter() - start, end - begin


def memory(tensor):
    """Its bytes; numpy, which would have them too, does not always come with PyTorch."""
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size())


def peak_bytes(device):
    if device == "cuda":
        return torch.cuda.max_memory_reserved()
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def run():
    job = json.loads(sys.stdin.readline())
    device = job["device"]
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("this PyTorch sees no CUDA device")
    if device == "cpu":
        torch.set_num_threads(job["threads"])
    files = Files()
    model = build(job, files)
    shape = [1] + job["condition_shape"]
    count = shape[1] * shape[2] * shape[3]
    condition = files.floats(job["condition"], 0, count).view(shape)
    for precision in job["precisions"]:
        tokens, _, _ = forward(model, condition, device, precision)
        with open(job["tokens"] + "." + precision, "wb") as file:
            file.write(memory(tokens.contiguous()))
    answer(
        torch=torch.__version__,
        device=torch.cuda.get_device_name(0) if device == "cuda" else "cpu",
        threads=torch.get_num_threads(),
        tf32=device == "cuda" and torch.backends.cudnn.allow_tf32,
        sources_sha256=sha256(job["official"]),
    )
    for line in sys.stdin:
        precision = json.loads(line)["precision"]
        _, seconds, alone = forward(model, condition, device, precision)
        answer(precision=precision, seconds=seconds, forward_seconds=alone, peak_bytes=peak_bytes(device))


try:
    import torch

    run()
except Exception as failure:
    answer(error=type(failure).__name__ + ": " + str(failure))
    sys.exit(1)
