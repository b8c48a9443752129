#!/usr/bin/env bash
# Builds the native library into CLASSES_DIR, next to the class it belongs to. Does nothing when it is newer than its sources.
#   build.sh CLASSES_DIR      (JAVACPP_CLASS_PATH: the jar of JavaCPP; JAVA_HOME: a JDK)
set -euo pipefail

classes=$1
here=$(cd "$(dirname "$0")" && pwd)
binding=org/imagesearch/clip/binding
library=$classes/$binding/linux-x86_64/libjniPictureCalls.so
jpeg=$(g++ -print-file-name=libjpeg.a 2>/dev/null || true)

missing=()
command -v g++ >/dev/null || missing+=(g++)
[ -e /usr/include/jpeglib.h ] && [ -e "$jpeg" ] || missing+=(libjpeg62-turbo-dev)
if [ ${#missing[@]} -gt 0 ]; then
    echo "The native part of 'clip' needs Debian packages that are not installed: ${missing[*]}" >&2
    echo "Install them: apt-get install ${missing[*]}" >&2
    exit 1
fi

stamp=$(cat "$here"/*.* "$jpeg" "$classes/$binding/PictureCalls.class" | sha256sum | cut -d' ' -f1)
if [ -e "$library" ] && [ "$(cat "$library.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objects=()
for source in "$here"/*.cpp; do
    object=$work/$(basename "$source" .cpp).o
    # Contracted products would round weights otherwise than Pillow. The compiler's own AVX-512 headers read what they call undefined.
    g++ -std=c++17 -O3 -fPIC -fvisibility=hidden -ffp-contract=off \
        -Wall -Wextra -Werror -Wno-uninitialized -Wno-maybe-uninitialized \
        -I"$JAVA_HOME/include" -I"$JAVA_HOME/include/linux" -c "$source" -o "$object"
    objects+=(-Xcompiler "$object")
done
# libjpeg-turbo goes inside and stays unseen: the JDK and OpenCV have theirs, with other structures under the same names.
if ! "$JAVA_HOME/bin/java" -cp "$JAVACPP_CLASS_PATH:$classes" org.bytedeco.javacpp.tools.Builder \
    -d "$classes/$binding/linux-x86_64" \
    -Dplatform.includepath="$here" \
    "${objects[@]}" -Xcompiler "$jpeg" -Xcompiler -Wl,--exclude-libs,ALL -Xcompiler -Wl,-z,text -Xcompiler -Wl,--no-undefined \
    org.imagesearch.clip.binding.PictureCalls >"$work/log" 2>&1 || [ ! -e "$library" ]; then
    cat "$work/log" >&2
    echo "JavaCPP built no $library" >&2
    exit 1
fi
rm -f "$classes/$binding"/linux-x86_64/*.cpp
# JavaCPP takes a library of the same size and time for the one that it has unpacked before, and in our jars all times are the same:
# zeros behind the end, as many as the sources say, make each build a size of its own.
head -c $((16#${stamp:0:4})) /dev/zero >>"$library"
echo "$stamp" >"$library.stamp"
