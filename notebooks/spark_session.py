"""Where a notebook's Spark session comes from: pyspark where it is installed, else the Spark that bin/embed runs, without pyspark.

The second is a part of pyspark's interface, by the same names, over Spark's own Java classes: what the notebook uses and no more.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pandas as pd

from jvm import java_class

SETTINGS = {
    "spark.master": "local[*]",
    "spark.app.name": "imagesearch notebook",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # The default of 200 is for clusters; on one machine most of them would be empty.
    "spark.sql.shuffle.partitions": "8",
}


def spark_session() -> Any:
    """A session on this machine; stop() ends it."""
    if importlib.util.find_spec("pyspark"):
        from pyspark.sql import SparkSession

        builder = SparkSession.builder
    else:
        builder = java_class("org.apache.spark.sql.SparkSession").builder()
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    return session if importlib.util.find_spec("pyspark") else Session(session)


class Session:
    def __init__(self, java: Any):
        self._java = java
        self.read = Reader(java)

    @property
    def version(self) -> str:
        return str(self._java.version())

    def sql(self, query: str) -> DataFrame:
        return DataFrame(self._java.sql(query))

    def stop(self) -> None:
        self._java.stop()


class Reader:
    def __init__(self, session: Any):
        self._session = session

    def parquet(self, path: str) -> DataFrame:
        return DataFrame(self._session.read().parquet(path))


class DataFrame:
    def __init__(self, java: Any):
        self._java = java

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self._java.columns()]

    def count(self) -> int:
        return int(self._java.count())

    def cache(self) -> DataFrame:
        return DataFrame(self._java.cache())

    def createOrReplaceTempView(self, name: str) -> None:
        self._java.createOrReplaceTempView(name)

    def printSchema(self) -> None:
        print(self._java.schema().treeString())

    def show(self, n: int = 20) -> None:
        print(self._java.showString(n, 20, False))

    def toPandas(self) -> pd.DataFrame:
        rows = [json.loads(str(row)) for row in self._java.toJSON().collectAsList()]
        return pd.DataFrame(rows, columns=self.columns)
