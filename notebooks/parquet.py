"""Parquet files as pandas frames: by pyarrow where it is installed, else by the Java library that wrote them."""

from __future__ import annotations

import importlib.util
import json
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jvm import java_class


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The Parquet files below a folder, in the order of their names; none if there is no such folder."""
    hidden = (".", "_")
    found = (file for file in folder.rglob("*.parquet") if not file.name.startswith(hidden))
    return sorted(found)


def read(file: pathlib.Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """One file, or some of its columns."""
    if importlib.util.find_spec("pyarrow"):
        from pyarrow.parquet import ParquetFile

        # pandas.read_parquet may add columns from the names of the folders.
        return ParquetFile(file).read(columns=columns).to_pandas()
    return _read_by_java(file, columns)


def _read_by_java(file: pathlib.Path, columns: Sequence[str] | None) -> pd.DataFrame:
    configuration = java_class("org.apache.hadoop.conf.Configuration")()
    for old_lists in ("parquet.avro.add-list-element-records", "parquet.avro.write-old-list-structure"):
        configuration.setBoolean(old_lists, False)
    path = java_class("org.apache.hadoop.fs.Path")("file", None, str(file.resolve()))
    source = java_class("org.apache.parquet.hadoop.util.HadoopInputFile").fromPath(path, configuration)
    with java_class("org.apache.parquet.hadoop.ParquetFileReader").open(source) as reader:
        schema = reader.getFooter().getFileMetaData().getSchema()
    names = list(columns) if columns is not None else [str(field.getName()) for field in schema.getFields()]
    wanted = java_class("org.apache.parquet.schema.MessageType")("rows", [schema.getType(name) for name in names])
    avro = java_class("org.apache.parquet.avro.AvroSchemaConverter")(configuration).convert(wanted)
    support = java_class("org.apache.parquet.avro.AvroReadSupport")
    support.setRequestedProjection(configuration, avro)
    support.setAvroReadSchema(configuration, avro)
    rows = []
    with java_class("org.apache.parquet.avro.AvroParquetReader").builder(source).withConf(configuration).build() as reader:
        # Avro's text of a row is JSON, in which floats have all their digits.
        while (row := reader.read()) is not None:
            values = json.loads(str(row.toString()))
            if "embedding" in values:  # an eighth of the room that Python's own floats take
                values["embedding"] = np.array(values["embedding"], dtype=np.float32)
            rows.append(values)
    return pd.DataFrame(rows, columns=names)
