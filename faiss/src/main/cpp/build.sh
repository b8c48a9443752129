#!/usr/bin/env bash
# Builds the native library into CLASSES_DIR, next to the class it belongs to. Does nothing when it is newer than its sources.
#   build.sh CLASSES_DIR      (JAVACPP_CLASS_PATH: the jars of JavaCPP and OpenBLAS)
set -euo pipefail

classes=$1
here=$(cd "$(dirname "$0")" && pwd)
binding=org/imagesearch/faiss/binding
library=$classes/$binding/linux-x86_64/libjniFaissCalls.so

missing=()
command -v g++ >/dev/null || missing+=(g++)
[ -e /usr/include/faiss/IndexIVFFlat.h ] || missing+=(libfaiss-dev)
ldconfig -p | grep 'libopenblas\.so\.0' >/dev/null || missing+=(libopenblas-dev)
if [ ${#missing[@]} -gt 0 ]; then
    echo "The native part of 'faiss' needs Debian packages that are not installed: ${missing[*]}" >&2
    echo "Install them: apt-get install ${missing[*]}" >&2
    exit 1
fi

stamp=$(cat "$here"/*.h "$here"/build.sh "$classes/$binding/FaissCalls.class" | sha256sum | cut -d' ' -f1)
if [ -e "$library" ] && [ "$(cat "$library.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! java -cp "$JAVACPP_CLASS_PATH:$classes" org.bytedeco.javacpp.tools.Builder \
    -d "$classes/$binding/linux-x86_64" \
    -Dplatform.includepath="$here" \
    -Dplatform.compiler.output.prefix="-O3" \
    org.imagesearch.faiss.binding.FaissCalls >"$log" 2>&1 || [ ! -e "$library" ]; then
    cat "$log" >&2
    echo "JavaCPP built no $library" >&2
    exit 1
fi
rm -f "$classes/$binding"/linux-x86_64/*.cpp
# JavaCPP takes a library of the same size and time for the one that it has unpacked before, and in our jars all times are the same:
# zeros behind the end, as many as the sources say, make each build a size of its own.
head -c $((16#${stamp:0:4})) /dev/zero >>"$library"
echo "$stamp" >"$library.stamp"
