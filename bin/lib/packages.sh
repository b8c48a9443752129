# Installs what a machine lacks; sourced by the commands that need it.
#
#   require_packages PACKAGE...      Debian packages, installed as root or with sudo; elsewhere the command ends and names them

PACKAGES_TO_BUILD=(openjdk-17-jdk-headless maven g++ libfaiss-dev libopenblas-dev libgomp1 libjpeg62-turbo-dev)
PACKAGES_TO_MAKE_PICTURES=(python3 python3-numpy python3-pil libraqm0 fonts-noto-color-emoji unicode-cldr-core unicode-data)
PACKAGES_TO_IMPORT_MODELS=(python3 python3-numpy python3-onnx python3-pil)
PACKAGES_TO_PACK=(python3 libfaiss-dev libjpeg62-turbo-dev libgomp1)
PACKAGES_TO_RUN_NOTEBOOKS=(python3 python3-faiss python3-ipykernel python3-jpype python3-matplotlib python3-nbclient python3-nbformat
  python3-numpy python3-pandas python3-pil python3-scipy python3-sklearn)
PACKAGES_TO_TEST=(python3-faiss python3-onnx python3-torch chromium fonts-noto-cjk)

require_packages() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local root_command=()
  if ! command -v apt-get >/dev/null; then
    echo "$(basename "$0"): this machine lacks, by their Debian names: ${missing[*]}" >&2
    exit 1
  elif [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "$(basename "$0"): run as root: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    root_command=(sudo)
  fi
  echo "installing ${missing[*]}" >&2
  local log
  log=$(mktemp)
  if ! { "${root_command[@]}" apt-get update && "${root_command[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "$(basename "$0"): apt-get could not install ${missing[*]}" >&2
    exit 1
  fi
  rm -f "$log"
}

is_installed() {
  # A JDK or a Maven that was not installed as a package serves as well.
  case $1 in
    openjdk-17-jdk-headless) command -v javac >/dev/null && return 0 ;;
    maven) command -v mvn >/dev/null && return 0 ;;
  esac
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}
