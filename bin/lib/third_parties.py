"""What is in the archive of bin/dist and was written by others: sbom.json (CycloneDX) and the texts of licences.

The lists that Maven's CycloneDX plugin made of the programs become one; to it are added the libraries in C and C++ that our own
native libraries hold, which Maven does not know. licenses/ gets THIRD-PARTY.txt, a line for each of them, and the texts that come with
the components: those in their jars, and Debian's for what is taken from Debian.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import zipfile
from pathlib import Path

# Debian package, name, licence, what it is here.
NATIVE = [
    ("libfaiss-dev", "faiss", "MIT", "linked statically into libjniFaissCalls.so"),
    ("libjpeg62-turbo-dev", "libjpeg-turbo", "IJG AND BSD-3-Clause", "linked statically into libjniPictureCalls.so"),
    ("libgomp1", "libgomp", "GPL-3.0-or-later WITH GCC-exception-3.1", "libgomp.so.1 beside libjniFaissCalls.so"),
]
# Debian's copyright files name these instead of repeating them.
COMMON_TEXTS = ["Apache-2.0", "GPL-3", "LGPL-2.1", "LGPL-3"]
TEXT = re.compile(
    r"(^|/)(third[-_]?party[-_]?)?(licen[cs]e|notice|copying|copyright)s?([-_.][^/]*)?$"  # LICENSE.txt, ThirdPartyNotices.txt
    r"|/licen[cs]es/"  # whatever its name
    r"|-(LICENSE|NOTICE)$",  # FastDoubleParser-LICENSE
    re.I,
)
LARGEST_TEXT = 1 << 20


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("lists", nargs="+", type=Path)
    options = parser.parse_args()

    sbom = merged([json.loads(path.read_text("utf-8")) for path in options.lists], options.version)
    (options.output / "sbom.json").write_text(json.dumps(sbom, indent=1, ensure_ascii=False) + "\n", "utf-8")
    licences = options.output / "licenses"
    licences.mkdir()
    (licences / "THIRD-PARTY.txt").write_text(third_party_list(sbom["components"]), "utf-8")
    repository = Path(os.environ.get("MAVEN_REPOSITORY", Path.home() / ".m2" / "repository"))
    for component in sbom["components"]:
        if component["purl"].startswith("pkg:maven/") and not is_ours(component):
            copy_texts(jar_of(component["purl"], repository), licences)
    for package, *_ in NATIVE:
        shutil.copyfile(f"/usr/share/doc/{package}/copyright", licences / f"{package}.txt")
    for name in COMMON_TEXTS:
        shutil.copyfile(f"/usr/share/common-licenses/{name}", licences / f"{name}.txt")


def merged(lists, version):
    components, dependencies = {}, {}
    for part in lists:
        own = part["metadata"]["component"]
        for component in [own, *part["components"]]:
            components[component["bom-ref"]] = component
            if is_ours(component):
                # Of jars that are not in the archive, but inside of others; and the permissions of files here are in them.
                component.pop("hashes", None)
        for dependency in part["dependencies"]:
            known = dependencies.setdefault(dependency["ref"], set())
            known.update(dependency.get("dependsOn", []))
    programs = sorted(part["metadata"]["component"]["bom-ref"] for part in lists)
    for package, name, licence, comment in NATIVE:
        component = native(package, name, licence, comment)
        components[component["bom-ref"]] = component
        module = "imagesearch-clip" if name == "libjpeg-turbo" else "imagesearch-faiss"
        (owner,) = (ref for ref in dependencies if f"/{module}@" in ref)
        dependencies[owner].add(component["bom-ref"])
    root = f"imagesearch@{version}"
    dependencies[root] = set(programs)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": lists[0]["specVersion"],
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "imagesearch",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [components[ref] for ref in sorted(components)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(dependencies[ref])} for ref in sorted(dependencies)],
    }


def native(package, name, licence, comment):
    found = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version} ${Architecture}", package], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        sys.exit(f"dist: the Debian package {package}, which the programs were built with, is not installed")
    version, architecture = found.stdout.split()
    purl = f"pkg:deb/debian/{package}@{urllib.parse.quote(version)}?arch={architecture}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "description": comment,
        "licenses": [{"expression": licence}],
        "purl": purl,
    }


def is_ours(component):
    return component.get("group") == "org.imagesearch"


def third_party_list(components):
    lines = ["What the programs are made of, and the licence of each as its own files state it.", ""]
    for component in (each for each in components if not is_ours(each)):
        name = ":".join(filter(None, [component.get("group"), component["name"], component["version"]]))
        lines.append(f"{name}  {licences_of(component)}")
    # Of some there are two jars: classes, and native libraries.
    return "\n".join(dict.fromkeys(lines)) + "\n"


def licences_of(component):
    told = []
    for entry in component.get("licenses", []):
        licence = entry.get("license", {})
        name = entry.get("expression") or licence.get("id") or licence.get("name")
        told.append(f"{name} ({licence['url']})" if licence.get("url") else name)
    return " or ".join(told) or "not stated"


def jar_of(purl, repository):
    path, _, query = purl.removeprefix("pkg:maven/").partition("?")
    (group, name), version = path.rpartition("@")[0].split("/"), path.rpartition("@")[2]
    classifier = urllib.parse.parse_qs(query).get("classifier", [""])[0]
    file = f"{name}-{version}{'-' + classifier if classifier else ''}.jar"
    jar = repository / group.replace(".", "/") / name / version / file
    if not jar.is_file():
        sys.exit(f"dist: no {jar}; MAVEN_REPOSITORY names Maven's local repository, if it lies elsewhere")
    return jar


def copy_texts(jar, licences):
    with zipfile.ZipFile(jar) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            name = entry.filename
            is_text = TEXT.search(name) and not re.search(r"\.(class|xml|java|js|css|png)$", name)
            if is_text and not entry.is_dir() and 0 < entry.file_size <= LARGEST_TEXT:
                target = licences / jar.stem / Path(name).name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(archive.read(entry))


if __name__ == "__main__":
    main()
