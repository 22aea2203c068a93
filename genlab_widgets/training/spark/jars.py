"""The jars of Spark NLP: a pinned list, fetched once by Python into the cache, then handed to Spark.

Spark could resolve them itself, but then it also takes the natives of every other platform (490 MB instead of
320) and trusts only Java's own certificate store, which knows no company proxy. ``jars.json`` is the closure that
Ivy resolved for ``spark-nlp_2.12:5.5.3`` with ``tensorflow-core-platform:0.4.2``, less what an open training
never loads: mail and office readers, cloud and llama natives, lombok (compile time only), and what Spark's own
``jars`` folder holds in a newer version.

For a GPU the same Spark NLP runs on the natives that Spark NLP's ``spark-nlp-gpu_2.12:5.5.3`` names in their place:
TensorFlow's for CUDA 11.2, and ONNX Runtime's for CUDA 12 (870 MB, Linux). The machine brings CUDA and cuDNN itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from genlab_widgets.errors import DownloadFailed, NotEnoughResources
from genlab_widgets.settings import load_settings
from genlab_widgets.training.locking import exclusive, scratch

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int], None]
"""Called with (bytes on disk, bytes in all)."""

_CHUNK = 1 << 16
"""Bytes read at a time; a connection that breaks loses what came of the last chunk."""
_TRIES = 4
_CONNECT_SECONDS, _READ_SECONDS = 20, 60


@dataclass(frozen=True)
class Jar:
    """One pinned jar; ``size`` in bytes, ``classifier`` names the platform of a native jar.

    ``device`` is ``cpu`` or ``gpu`` where the two take different jars.
    """

    group: str
    artifact: str
    version: str
    classifier: str | None
    size: int
    sha256: str
    device: str | None = None

    @property
    def file_name(self) -> str:
        """The name in a Maven repository and in the cache."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + ".jar"

    @property
    def path(self) -> str:
        """The path below a Maven repository's root."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def platform_classifier(system: str | None = None, machine: str | None = None) -> str:
    """Returns TensorFlow Java's name of this platform, for example ``linux-x86_64``.

    Raises:
        NotEnoughResources: TensorFlow Java 0.4.2 has no natives for this platform.
    """
    system = system or platform.system()
    machine = (machine or platform.machine()).lower()
    names = {"Linux": "linux", "Darwin": "macosx", "Windows": "windows"}
    if system in names and machine in {"x86_64", "amd64"}:
        return f"{names[system]}-x86_64"
    raise NotEnoughResources(
        "Spark NLP cannot train on this machine.",
        f"TensorFlow Java 0.4.2 has no natives for {system} on {machine}.",
        "Use an x86_64 machine, or an x86_64 Python and Java under emulation.",
        system=system,
        machine=machine,
    )


def required(classifier: str | None = None, gpu: bool = False) -> list[Jar]:
    """Returns the jars that this platform needs, in the order of ``jars.json``.

    Args:
        classifier: TensorFlow Java's name of the platform; None takes this one's.
        gpu: Whether the natives shall be those for a GPU.

    Raises:
        NotEnoughResources: There are none for this platform.
    """
    platform_name = classifier or platform_classifier()
    if gpu and not platform_name.startswith("linux"):
        raise NotEnoughResources(
            "Spark NLP cannot use a GPU on this machine.",
            f"Its natives for GPUs are pinned for Linux, and this is {platform_name}.",
            "Train without use_gpu.",
        )
    wanted = {None, platform_name, f"{platform_name}-gpu"}
    other = "cpu" if gpu else "gpu"
    rows = json.loads(Path(__file__).with_name("jars.json").read_text(encoding="utf-8"))
    return [jar for jar in (Jar(**row) for row in rows) if jar.classifier in wanted and jar.device != other]


def folder() -> Path:
    """Returns where the jars lie; the folder can be carried to a machine without network."""
    return load_settings().cache / "jars"


def missing(gpu: bool = False) -> list[Jar]:
    """Returns the jars that are not in the cache yet, without fetching any."""
    target = folder()
    return [jar for jar in required(gpu=gpu) if not _complete(target / jar.file_name, jar)]


def ensure(progress: Progress | None = None, gpu: bool = False) -> list[Path]:
    """Makes every jar present and returns their paths.

    A jar counts as present by its size: its SHA-256 was checked before it got its name (:func:`verify` checks
    again). Jars that Ivy or Maven already fetched on this machine are copied, the others downloaded, each to a
    scratch name that a broken download resumes.

    Args:
        progress: Gets (bytes on disk, bytes in all); a progress bar on stderr where None.
        gpu: Whether the natives shall be those for a GPU.

    Raises:
        DownloadFailed: No network, or a checksum is wrong.
        NotEnoughResources: No natives for this platform, or the disk is full.
        WorkspaceUnusable: The cache folder cannot be written.
    """
    target, jars = folder(), required(gpu=gpu)
    if missing(gpu):
        with exclusive(target):
            _fill(target, jars, progress)
    return [target / jar.file_name for jar in jars]


def verify() -> list[Jar]:
    """Returns the jars in the cache whose SHA-256 is wrong (reads all of them: about a second)."""
    target = folder()
    return [
        jar for jar in required() if (target / jar.file_name).exists() and _sha256(target / jar.file_name) != jar.sha256
    ]


def _complete(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size


def _fill(target: Path, jars: list[Jar], progress: Progress | None) -> None:
    """Copies or downloads what is missing; the lock is held."""
    todo = [jar for jar in jars if not _complete(target / jar.file_name, jar)]
    if not todo:  # another process fetched them while this one waited for the lock
        return
    _check_disk(target, sum(jar.size for jar in todo))
    with _Meter(sum(jar.size for jar in jars), progress) as meter:
        meter.add(sum(jar.size for jar in jars) - sum(jar.size for jar in todo))
        for jar in todo:
            if not _adopt(target, jar, meter):
                _download(target, jar, meter)


def _check_disk(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target).free
    if free < needed:
        raise NotEnoughResources(
            "Spark NLP's jars do not fit on the disk.",
            f"They need {needed // 2**20} MB and {target} has {free // 2**20} MB left.",
            "Free some space, or set GENLAB_CACHE to a folder on another disk.",
            path=str(target),
        )


def _local_copies(jar: Jar) -> Iterator[Path]:
    """Yields where Maven and Ivy would have put the jar on this machine."""
    home = Path.home()
    yield home / ".m2" / "repository" / jar.path
    yield home / ".ivy2" / "jars" / f"{jar.group}_{jar.file_name}"
    yield home / ".ivy2" / "cache" / jar.group / jar.artifact / "jars" / jar.file_name


def _adopt(target: Path, jar: Jar, meter: _Meter) -> bool:
    """Copies the jar from a local repository, where one holds the very same bytes."""
    for source in _local_copies(jar):
        if _complete(source, jar) and _sha256(source) == jar.sha256:
            part = scratch(target / jar.file_name)
            shutil.copyfile(source, part)
            os.replace(part, target / jar.file_name)
            meter.add(jar.size)
            return True
    return False


def _download(target: Path, jar: Jar, meter: _Meter) -> None:
    """Downloads one jar, resuming after a broken connection, and checks its SHA-256 before it gets its name."""
    import requests

    url, part = _url(jar), target / f".{jar.file_name}.part"
    problem: Exception | None = None
    for _ in range(_TRIES):
        try:
            _fetch(url, part, jar, meter)
        except requests.HTTPError as error:
            problem = error
            if error.response.status_code == requests.codes.requested_range_not_satisfiable:
                _discard(part, meter)  # what an earlier try left does not fit what the repository has
            elif error.response.status_code < 500:  # the repository answered: asking again changes nothing
                break
            continue
        except requests.RequestException as error:
            problem = error
            continue
        if _sha256(part) == jar.sha256:
            os.replace(part, target / jar.file_name)
            return
        _discard(part, meter)
        problem = ValueError(f"Its SHA-256 is not {jar.sha256}")
    raise DownloadFailed(
        f"The jar {jar.file_name} could not be fetched.",
        f"{problem}.",
        "Check the network, set GENLAB_MAVEN_URL to a Maven repository that this machine reaches, "
        f"or copy the folder {target} from a machine that has it.",
        jar=jar.file_name,
        path=str(target),
    ) from problem


def _discard(part: Path, meter: _Meter) -> None:
    part.unlink(missing_ok=True)
    meter.forget(part)


def _fetch(url: str, part: Path, jar: Jar, meter: _Meter) -> None:
    """Appends to ``part`` what it still lacks."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    if have > jar.size:
        _discard(part, meter)
        have = 0
    meter.count_once(part, have)
    if have == jar.size:
        return
    # Packed on the way, the bytes of a later range would not join those on disk.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with (
        _web() as web,
        web.get(url, headers=headers, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS)) as answer,
    ):
        answer.raise_for_status()
        resumed = answer.status_code == requests.codes.partial_content
        if not resumed:  # from the start, also where the server knows no ranges
            meter.forget(part)
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                _write(file, chunk, part)
                meter.add(len(chunk), part)


def _write(file: BinaryIO, chunk: bytes, part: Path) -> None:
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise NotEnoughResources(
            f"The jar {part.name.removeprefix('.').removesuffix('.part')} could not be written.",
            f"The system says: {error.strerror or error}.",
            "Free some space, or set GENLAB_CACHE to a folder on another disk.",
            path=str(part),
        ) from error


def _web() -> requests.Session:
    """Returns a session that also trusts the system's certificates, as a company's inspecting proxy needs.

    ``requests`` by itself trusts only the list that it carries.
    """
    import ssl

    import requests
    from requests.adapters import HTTPAdapter

    trust = ssl.create_default_context()

    class SystemTrust(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **settings: Any) -> None:
            super().init_poolmanager(*args, **settings, ssl_context=trust)

        def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
            return super().proxy_manager_for(proxy, **settings, ssl_context=trust)

    session = requests.Session()
    session.mount("https://", SystemTrust())
    return session


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _url(jar: Jar) -> str:
    return f"{base_url().rstrip('/')}/{jar.path}"


def base_url() -> str:
    """Returns the Maven repository to fetch from.

    In this order: ``GENLAB_MAVEN_URL``, a mirror that ``~/.m2/settings.xml`` names, the repository that the Ivy
    inside Spark uses.

    Raises:
        DownloadFailed: None of the three names one.
    """
    url = load_settings().maven_url or _maven_mirror(Path.home() / ".m2" / "settings.xml") or _ivy_default()
    if url:
        return url
    raise DownloadFailed(
        "No Maven repository is known to fetch Spark NLP's jars from.",
        "Neither GENLAB_MAVEN_URL nor Maven's settings name one, and this Spark carries no Ivy.",
        "Set GENLAB_MAVEN_URL to the address of a Maven repository.",
    )


def _maven_mirror(settings: Path) -> str | None:
    """Returns the first mirror of Maven's settings that stands for the central repository."""
    if not settings.is_file():
        return None
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root: Any = etree.parse(str(settings), parser).getroot()
    for mirror in root.iterfind(".//{*}mirror") if root is not None else ():
        of = {part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        url = (mirror.findtext("{*}url") or "").strip()
        if url.startswith("http") and "!central" not in of and of & {"*", "central", "external:*"}:
            return url
    return None


def _ivy_default() -> str | None:
    """Returns the repository root that is compiled into the Ivy jar of the installed Spark."""
    import pyspark

    for jar in (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"):
        with zipfile.ZipFile(jar) as archive:
            resolver = archive.read("org/apache/ivy/plugins/resolver/IBiblioResolver.class")
        found = re.search(rb"https://[A-Za-z0-9./_-]*/maven2/", resolver)
        if found:
            return found.group().decode("ascii")
    return None


class _Meter:
    """Counts bytes towards a total, for a callback or for a bar on stderr."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._done, self._progress = total, 0, progress
        self._of_part: dict[Path, int] = {}
        self._bar: Any = None

    def __enter__(self) -> _Meter:
        if self._progress is None:
            from tqdm import tqdm

            self._bar = tqdm(total=self._total, unit="B", unit_scale=True, desc="Spark NLP jars")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, count: int, part: Path | None = None) -> None:
        """Counts bytes; those of a scratch file can be taken back with :meth:`forget`."""
        self._done += count
        if part is not None:
            self._of_part[part] = self._of_part.get(part, 0) + count
        if self._bar is not None:
            self._bar.update(count)
        elif self._progress is not None:
            self._progress(self._done, self._total)

    def count_once(self, part: Path, have: int) -> None:
        """Counts the bytes that an earlier try, perhaps of another process, left in the scratch file."""
        self.add(have - self._of_part.get(part, 0), part)

    def forget(self, part: Path) -> None:
        """Takes back what was counted for the scratch file."""
        self.add(-self._of_part.pop(part, 0))
