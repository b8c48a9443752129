"""This project's Java inside Python, by JPype: what it takes to read Parquet or run Spark where pyarrow or pyspark are missing,
and to encode words with the very code that the server runs.
"""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Debian puts JPype's own classes where JPype does not look.
DEBIAN_JPYPE = pathlib.Path("/usr/share/java/org.jpype.jar")


def java_class(name: str) -> Any:
    """A Java class by its full name; the first call starts the JVM, for as long as the Python process lives."""
    return _start().JClass(name)


@functools.lru_cache(maxsize=None)
def _start() -> Any:
    try:
        import jpype
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("this needs JPype: apt-get install python3-jpype, or pip install jpype1") from error
    if jpype.isJVMStarted():
        return jpype
    os.environ["RUST_FLAVOR"] = "cpu"  # else the tokenizer's library asks for a CUDA build of itself
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    log = f"-Dlog4j2.configurationFile=file:{ROOT / 'conf' / 'log4j2.properties'}"
    # Without interrupt=False, the kernel's "interrupt" would end the JVM and the kernel with it.
    jpype.startJVM(_library(), *_options(), log, classpath=[str(jar) for jar in _jars()], interrupt=False)
    # At the end of Python, JPype interrupts what runs in Java; Hadoop warns of it, and all the same everything is put away.
    levels = jpype.JClass("org.apache.logging.log4j.Level")
    configurator = jpype.JClass("org.apache.logging.log4j.core.config.Configurator")
    configurator.setLevel("org.apache.hadoop.util.ShutdownHookManager", levels.ERROR)
    return jpype


def _library() -> str | None:
    """Of the Java that the commands in bin/ run; None lets JPype look for one."""
    java = shutil.which(pathlib.Path(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java")
    library = java and pathlib.Path(java).resolve().parents[1] / "lib" / "server" / "libjvm.so"
    return str(library) if library and library.exists() else None


def _options() -> list[str]:
    lines = (ROOT / "bin" / "lib" / "spark-java-options").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("-")]


def _jars() -> list[pathlib.Path]:
    """Spark's jars and the two jobs', which leave out what Spark brings; of the source tree, or of what bin/dist packs."""
    packed = not (ROOT / "pom.xml").exists()
    spark = pathlib.Path(os.environ.get("SPARK_HOME") or (ROOT / "spark" if packed else ROOT / "spark-home" / "target" / "home"))
    jars = sorted((spark / "jars").glob("*.jar"))
    for program in ("spark-embed", "index-merge"):
        ours = sorted((ROOT / "lib" if packed else ROOT / program / "target").glob(f"imagesearch-{program}-*-all.jar"))
        if not jars or not ours:
            raise FileNotFoundError(
                f"no jar of {program if jars else 'Spark'} below {ROOT}: build with mvn -DskipTests package, or run bin/demo once")
        jars += ours
    return ([DEBIAN_JPYPE] if DEBIAN_JPYPE.exists() else []) + jars
