"""Open the models of a gate: every file checked by hash, every network checked by its tensors."""

from dataclasses import dataclass
from pathlib import Path

from edge.workers.face.detect import Detector
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import OpenEngine
from edge.workers.face.manifest import ManifestError, ModelKind, ModelManifest, read_model
from edge.workers.face.models_manifests import manifests_folder, read_manifests
from edge.workers.face.pad import PadNetwork, PadVoters

__all__ = ["FaceModels", "open_models"]


@dataclass(frozen=True, slots=True)
class FaceModels:
    """Hold what the pipeline runs. ``pad`` is None where no PAD files are installed.

    ``manifests`` are those of the networks in use: detector, embedder, then PAD, primary first.
    """

    detector: Detector
    embedder: Embedder
    pad: PadVoters | None
    manifests: tuple[ModelManifest, ...]

    def close(self) -> None:
        """Let go of all networks."""
        self.detector.close()
        self.embedder.close()
        for network in self.pad.networks if self.pad else ():
            network.close()


def open_models(
    folder: Path,
    open_engine: OpenEngine,
    *,
    manifests: tuple[ModelManifest, ...] | None = None,
) -> FaceModels:
    """Open the default models in ``folder``.

    ``manifests`` replaces those beside the models. Raises ``ManifestError`` with `not_installed`
    where the detector or the embedder is missing, `wrong_size` or `wrong_hash` for a changed file,
    and ``EngineError`` for a network with other tensors. PAD is all or nothing: without one of its
    files face needs the site's recorded acceptance.
    """
    known = manifests or read_manifests(manifests_folder(folder))
    detect, embed = _only(known, "detect"), _only(known, "embed")
    detector = Detector(open_engine(read_model(folder, detect)), detect)
    embedder = Embedder(open_engine(read_model(folder, embed)), embed)
    detector.check()
    embedder.check()
    votes = tuple(m for m in known if m.kind == "pad" and m.is_default)
    votes = tuple(sorted(votes, key=lambda m: m.pad is not None and m.pad.vote != "primary"))
    pad = _open_pad(folder, votes, open_engine)
    used = (detect, embed, *(votes if pad else ()))
    return FaceModels(detector, embedder, pad, used)


def _only(manifests: tuple[ModelManifest, ...], kind: ModelKind) -> ModelManifest:
    found = [m for m in manifests if m.kind == kind and m.is_default]
    if len(found) != 1:
        raise ManifestError("need_one_default", kind)
    return found[0]


def _open_pad(
    folder: Path, votes: tuple[ModelManifest, ...], open_engine: OpenEngine
) -> PadVoters | None:
    networks: dict[str, list[PadNetwork]] = {"primary": [], "pair": []}
    for manifest in votes:
        try:
            content = read_model(folder, manifest)
        except ManifestError as error:
            if error.code == "not_installed":
                return None
            raise
        network = PadNetwork(open_engine(content), manifest)
        network.check()
        networks[manifest.pad.vote if manifest.pad else "primary"].append(network)
    if len(networks["primary"]) != 1 or not networks["pair"]:
        return None
    return PadVoters(networks["primary"][0], tuple(networks["pair"]))
